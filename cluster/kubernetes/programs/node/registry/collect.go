package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/distribution/distribution/v3"
	"github.com/distribution/distribution/v3/configuration"
	"github.com/distribution/distribution/v3/registry/storage"
	"github.com/distribution/distribution/v3/registry/storage/driver"
	"github.com/distribution/distribution/v3/registry/storage/driver/factory"
	"github.com/distribution/reference"
	"github.com/opencontainers/go-digest"
)

// collect removes the images that a tag has moved off and that no tag is on now, then the blobs that
// no image needs. An image that never had a tag stays. It gives the number of images that went.
func collect(ctx context.Context, path string) (int, error) {
	file, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	config, err := configuration.Parse(file)
	if err != nil {
		return 0, err
	}
	if err := own(fmt.Sprint(config.Storage.Parameters()["rootdirectory"])); err != nil {
		return 0, err
	}
	store, err := factory.Create(ctx, config.Storage.Type(), config.Storage.Parameters())
	if err != nil {
		return 0, err
	}
	registry, err := storage.NewRegistry(ctx, store)
	if err != nil {
		return 0, err
	}
	var names []string
	err = registry.(distribution.RepositoryEnumerator).Enumerate(ctx, func(name string) error {
		names = append(names, name)
		return nil
	})
	if errors.As(err, &driver.PathNotFoundError{}) {
		return 0, nil // Nobody has pushed anything yet.
	}
	if err != nil {
		return 0, err
	}
	vacuum := storage.NewVacuum(ctx, store)
	count := 0
	for _, name := range names {
		old, tags, err := leftBehind(ctx, registry, name)
		if err != nil {
			return count, fmt.Errorf("%s: %w", name, err)
		}
		for image := range old {
			if err := vacuum.RemoveManifest(name, image, tags); err != nil {
				return count, fmt.Errorf("%s@%s: %w", name, image, err)
			}
			count++
		}
	}
	return count, storage.MarkAndSweep(ctx, store, registry, storage.GCOpts{Quiet: true})
}

// own keeps the store for this process until it ends. A pod that is deleted may still end what it was
// asked while the next one starts.
func own(root string) error {
	if err := os.MkdirAll(root, 0o755); err != nil {
		return err
	}
	lock, err := os.OpenFile(filepath.Join(root, "collect.lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return err
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return fmt.Errorf("another registry serves %s: %w", root, err)
	}
	owned = lock
	return nil
}

// owned is open as long as the process lives: the lock ends with the file.
var owned *os.File

type digests map[digest.Digest]struct{}

// leftBehind gives the images of a repository that a tag was on and none is now, with those that they
// are indexes of; and the repository's tags.
func leftBehind(ctx context.Context, registry distribution.Namespace, name string) (digests, []string, error) {
	named, err := reference.WithName(name)
	if err != nil {
		return nil, nil, err
	}
	repository, err := registry.Repository(ctx, named)
	if err != nil {
		return nil, nil, err
	}
	store := repository.Tags(ctx)
	tags, err := store.All(ctx)
	if errors.As(err, &distribution.ErrRepositoryUnknown{}) {
		return nil, nil, nil // No image of it ever had a tag.
	}
	if err != nil {
		return nil, nil, err
	}
	old, current := digests{}, digests{}
	for _, tag := range tags {
		history, err := store.(distribution.TagManifestsProvider).ManifestDigests(ctx, tag)
		if err != nil {
			return nil, nil, err
		}
		for _, image := range history {
			old[image] = struct{}{}
		}
		is, err := store.Get(ctx, tag)
		if errors.As(err, &distribution.ErrTagUnknown{}) {
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		current[is.Digest] = struct{}{}
	}
	for image := range current {
		delete(old, image)
	}
	return old, tags, withParts(ctx, repository, old, current)
}

// withParts adds to `old` the images that those are indexes of, and takes out of it what an image
// needs that stays: one of `current`, or one that never had a tag.
func withParts(ctx context.Context, repository distribution.Repository, old, current digests) error {
	manifests, err := repository.Manifests(ctx)
	if err != nil {
		return err
	}
	parts := func(image digest.Digest, each func(digest.Digest)) error {
		manifest, err := manifests.Get(ctx, image)
		if err != nil {
			return fmt.Errorf("%s: %w", image, err)
		}
		for _, part := range manifest.References() {
			if is, _ := manifests.Exists(ctx, part.Digest); is {
				each(part.Digest)
			}
		}
		return nil
	}
	for _, image := range slices.Collect(maps.Keys(old)) {
		err := parts(image, func(part digest.Digest) {
			if _, stays := current[part]; !stays {
				old[part] = struct{}{}
			}
		})
		if err != nil {
			return err
		}
	}
	var stay []digest.Digest
	err = manifests.(distribution.ManifestEnumerator).Enumerate(ctx, func(image digest.Digest) error {
		if _, goes := old[image]; !goes {
			stay = append(stay, image)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, image := range stay {
		if err := parts(image, func(part digest.Digest) { delete(old, part) }); err != nil {
			return err
		}
	}
	return nil
}
