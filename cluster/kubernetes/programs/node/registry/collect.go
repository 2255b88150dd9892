package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
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
//
// A repository that cannot be read is left as it is, and then so are all blobs: nobody knows which of
// them it needs.
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
	parameters := config.Storage.Parameters()
	root, _ := parameters["rootdirectory"].(string)
	if root == "" {
		return 0, fmt.Errorf("%s: storage.filesystem.rootdirectory: got nothing, want a folder", path)
	}
	if err := own(root); err != nil {
		return 0, err
	}
	store, err := factory.Create(ctx, config.Storage.Type(), parameters)
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
	var failed []error
	for _, name := range names {
		gone, err := tidy(ctx, registry, vacuum, name)
		count += gone
		if err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", name, err))
		}
	}
	if failed != nil {
		return count, fmt.Errorf("no blob is removed: %w", errors.Join(failed...))
	}
	return count, storage.MarkAndSweep(ctx, store, registry, storage.GCOpts{Quiet: true})
}

// own waits until no other process serves the store, and keeps it for this one until that ends. A pod
// that is deleted may still end what it was asked while the next one starts.
func own(root string) error {
	if err := os.MkdirAll(root, 0o755); err != nil {
		return err
	}
	lock, err := os.OpenFile(filepath.Join(root, "collect.lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return err
	}
	err = flock(lock, syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		log.Printf("another registry serves %s: waiting until it ends", root)
		err = flock(lock, syscall.LOCK_EX)
	}
	if err != nil {
		lock.Close()
		return fmt.Errorf("lock %s: %w", lock.Name(), err)
	}
	owned = lock
	return nil
}

func flock(file *os.File, how int) error {
	for {
		// Go's own signals interrupt it.
		if err := syscall.Flock(int(file.Fd()), how); !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

// owned is open as long as the process lives: the lock ends with the file.
var owned *os.File

// tidy removes from a repository what its tags have left behind, and gives the number of images that
// went.
func tidy(
	ctx context.Context, registry distribution.Namespace, vacuum storage.Vacuum, name string,
) (int, error) {
	named, err := reference.WithName(name)
	if err != nil {
		return 0, err
	}
	repository, err := registry.Repository(ctx, named)
	if err != nil {
		return 0, err
	}
	images, err := read(ctx, repository)
	if err != nil {
		return 0, err
	}
	tags, current, left, err := tagged(ctx, repository.Tags(ctx))
	if err != nil {
		return 0, err
	}
	old := images.leftBehind(current, left)
	for count, image := range old {
		if err := vacuum.RemoveManifest(name, image, tags); err != nil {
			return count, fmt.Errorf("%s: %w", image, err)
		}
	}
	return len(old), nil
}

// tagged gives the tags of a repository, the images that they are on, and those that they were on.
func tagged(
	ctx context.Context, store distribution.TagService,
) (tags []string, current, left []digest.Digest, err error) {
	tags, err = store.All(ctx)
	if errors.As(err, &distribution.ErrRepositoryUnknown{}) {
		return nil, nil, nil, nil // No image of it ever had a tag.
	}
	if err != nil {
		return nil, nil, nil, err
	}
	for _, tag := range tags {
		history, err := store.(distribution.TagManifestsProvider).ManifestDigests(ctx, tag)
		if err != nil {
			return nil, nil, nil, fmt.Errorf("tag %s: %w", tag, err)
		}
		left = append(left, history...)
		is, err := store.Get(ctx, tag)
		if errors.As(err, &distribution.ErrTagUnknown{}) {
			continue
		}
		if err != nil {
			return nil, nil, nil, fmt.Errorf("tag %s: %w", tag, err)
		}
		current = append(current, is.Digest)
	}
	return tags, current, left, nil
}

// images are those of one repository.
type images struct {
	all map[digest.Digest]bool
	// The images that an index names.
	parts map[digest.Digest][]digest.Digest
	// The images that say something of another one: signatures, where it comes from.
	referrers map[digest.Digest][]digest.Digest
}

// read reads all manifests of a repository.
func read(ctx context.Context, repository distribution.Repository) (*images, error) {
	manifests, err := repository.Manifests(ctx)
	if err != nil {
		return nil, err
	}
	found := &images{
		all:       map[digest.Digest]bool{},
		parts:     map[digest.Digest][]digest.Digest{},
		referrers: map[digest.Digest][]digest.Digest{},
	}
	err = manifests.(distribution.ManifestEnumerator).Enumerate(ctx, func(image digest.Digest) error {
		found.all[image] = true
		return nil
	})
	if err != nil && !errors.As(err, &driver.PathNotFoundError{}) {
		return nil, err
	}
	for image := range found.all {
		manifest, err := manifests.Get(ctx, image)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", image, err)
		}
		for _, part := range manifest.References() {
			if found.all[part.Digest] {
				found.parts[image] = append(found.parts[image], part.Digest)
			}
		}
		_, bytes, err := manifest.Payload()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", image, err)
		}
		var says struct {
			Subject struct{ Digest digest.Digest }
		}
		if err := json.Unmarshal(bytes, &says); err != nil {
			return nil, fmt.Errorf("%s: %w", image, err)
		}
		if subject := says.Subject.Digest; subject != "" {
			found.referrers[subject] = append(found.referrers[subject], image)
		}
	}
	return found, nil
}

// leftBehind gives the images that tags were on, with those that they are indexes of, but for what an
// image needs that stays: one that a tag is on, or one that never had a tag. An index comes before the
// images that it names.
func (images *images) leftBehind(current, left []digest.Digest) []digest.Digest {
	old := reached{}
	for _, image := range left {
		old.from(image, images.parts)
	}
	stays := reached{}
	for _, image := range current {
		stays.from(image, images.parts, images.referrers)
	}
	for image := range images.all {
		if !old.has[image] {
			stays.from(image, images.parts, images.referrers)
		}
	}
	// What is reached from an image is noted before it.
	slices.Reverse(old.order)
	return slices.DeleteFunc(old.order, func(image digest.Digest) bool {
		return stays.has[image] || !images.all[image]
	})
}

// reached is what can be reached from some images, each after all that is reached from it.
type reached struct {
	has   map[digest.Digest]bool
	order []digest.Digest
}

func (reached *reached) from(image digest.Digest, edges ...map[digest.Digest][]digest.Digest) {
	if reached.has[image] {
		return
	}
	if reached.has == nil {
		reached.has = map[digest.Digest]bool{}
	}
	reached.has[image] = true
	for _, edge := range edges {
		for _, next := range edge[image] {
			reached.from(next, edges...)
		}
	}
	reached.order = append(reached.order, image)
}
