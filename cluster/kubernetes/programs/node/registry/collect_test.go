package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/distribution/distribution/v3"
	_ "github.com/distribution/distribution/v3/manifest/manifestlist"
	_ "github.com/distribution/distribution/v3/manifest/ocischema"
	"github.com/distribution/distribution/v3/registry/storage"
	"github.com/distribution/distribution/v3/registry/storage/driver/filesystem"
	"github.com/distribution/reference"
	"github.com/opencontainers/go-digest"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"
)

const (
	imageType = v1.MediaTypeImageManifest
	indexType = v1.MediaTypeImageIndex
)

// bench is a store with one repository, `demo/a`, unless said otherwise.
type bench struct {
	*testing.T
	root     string
	registry distribution.Namespace
}

func newBench(t *testing.T) *bench {
	root := t.TempDir()
	store := filesystem.New(filesystem.DriverParameters{RootDirectory: root, MaxThreads: 100})
	registry, err := storage.NewRegistry(context.Background(), store)
	bench := &bench{T: t, root: root, registry: registry}
	bench.must(err)
	// Each test is a process of its own as far as the lock goes.
	t.Cleanup(release)
	return bench
}

func release() {
	if owned != nil {
		owned.Close()
		owned = nil
	}
}

func (b *bench) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func (b *bench) repository(name string) distribution.Repository {
	b.Helper()
	named, err := reference.WithName(name)
	b.must(err)
	repository, err := b.registry.Repository(context.Background(), named)
	b.must(err)
	return repository
}

func (b *bench) blob(name, text string) v1.Descriptor {
	b.Helper()
	blobs := b.repository(name).Blobs(context.Background())
	blob, err := blobs.Put(context.Background(), "application/octet-stream", []byte(text))
	b.must(err)
	return blob
}

// put puts a manifest, and tags on it.
func (b *bench) put(name, mediaType, text string, tags ...string) digest.Digest {
	b.Helper()
	ctx := context.Background()
	manifest, is, err := distribution.UnmarshalManifest(mediaType, []byte(text))
	b.must(err)
	manifests, err := b.repository(name).Manifests(ctx)
	b.must(err)
	_, err = manifests.Put(ctx, manifest)
	b.must(err)
	for _, tag := range tags {
		b.must(b.repository(name).Tags(ctx).Tag(ctx, tag, is))
	}
	return is.Digest
}

// image puts an image of one layer, which may say something of another image.
func (b *bench) image(name, layer, subject string, tags ...string) digest.Digest {
	b.Helper()
	config, blob := b.blob(name, "{}"), b.blob(name, layer)
	if subject != "" {
		subject = fmt.Sprintf(`"subject": %s,`, described(imageType, digest.Digest(subject)))
	}
	return b.put(name, imageType, fmt.Sprintf(`{"schemaVersion": 2, "mediaType": %q, %s
		"config": {"mediaType": %q, "digest": %q, "size": 2},
		"layers": [{"mediaType": %q, "digest": %q, "size": %d}]}`, imageType, subject,
		v1.MediaTypeImageConfig, config.Digest, v1.MediaTypeImageLayerGzip, blob.Digest, len(layer)),
		tags...)
}

func (b *bench) index(name, mediaType string, parts []digest.Digest, tags ...string) digest.Digest {
	b.Helper()
	var all []string
	for _, part := range parts {
		all = append(all, described(mediaType, part))
	}
	return b.put(name, indexType, fmt.Sprintf(`{"schemaVersion": 2, "mediaType": %q, "manifests": [%s]}`,
		indexType, strings.Join(all, ",")), tags...)
}

func described(mediaType string, is digest.Digest) string {
	return fmt.Sprintf(`{"mediaType": %q, "digest": %q, "size": 1}`, mediaType, is)
}

func (b *bench) has(name string, image digest.Digest) bool {
	b.Helper()
	manifests, err := b.repository(name).Manifests(context.Background())
	b.must(err)
	there, err := manifests.Exists(context.Background(), image)
	b.must(err)
	return there
}

// hasData is whether the store has a blob, whoever needs it.
func (b *bench) hasData(is digest.Digest) bool {
	_, err := os.Stat(b.path("blobs/sha256", is.Encoded()[:2], is.Encoded(), "data"))
	return err == nil
}

func (b *bench) path(parts ...string) string {
	return filepath.Join(append([]string{b.root, "docker/registry/v2"}, parts...)...)
}

func (b *bench) config(storage string) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), "config.yml")
	b.must(os.WriteFile(path, []byte("version: 0.1\nstorage: "+storage+"\n"), 0o644))
	return path
}

func (b *bench) collect() (int, error) {
	b.Helper()
	defer release()
	return collect(context.Background(), b.config(fmt.Sprintf("{filesystem: {rootdirectory: %q}}", b.root)))
}

func (b *bench) collects(want int) {
	b.Helper()
	got, err := b.collect()
	b.must(err)
	if got != want {
		b.Fatalf("got %d images, want %d", got, want)
	}
}

func (b *bench) wants(name string, there bool, all ...digest.Digest) {
	b.Helper()
	for at, image := range all {
		if b.has(name, image) != there || b.hasData(image) != there {
			b.Errorf("image %d of %s: got in repository %v, in store %v, want %v",
				at, name, b.has(name, image), b.hasData(image), there)
		}
	}
}

func TestWhatATagHasLeftGoes(t *testing.T) {
	b := newBench(t)
	b.collects(0)
	untagged := b.image("demo/a", "untagged", "")
	old := b.image("demo/a", "old", "", "alice")
	kept := b.image("demo/a", "kept", "", "alice", "kept_1")
	b.image("demo/b", "old", "", "bob")
	is := b.image("demo/a", "new", "", "alice")
	b.collects(1)
	b.wants("demo/a", true, untagged, kept, is)
	if b.has("demo/a", old) {
		t.Error("the tag has left it")
	}
	b.wants("demo/b", true, old)
	b.collects(0)
}

func TestIndexesOfIndexes(t *testing.T) {
	b := newBench(t)
	chain := func(layer string, tags ...string) []digest.Digest {
		part := b.image("demo/a", layer, "")
		inner := b.index("demo/a", imageType, []digest.Digest{part})
		outer := b.index("demo/a", indexType, []digest.Digest{inner})
		outermost := b.index("demo/a", indexType, []digest.Digest{outer}, tags...)
		return []digest.Digest{part, inner, outer, outermost}
	}
	old, is := chain("old", "alice"), chain("new", "alice")
	// Something that stays needs a part of what does not.
	shared := chain("shared", "bob")
	b.index("demo/a", imageType, []digest.Digest{shared[0], is[0]}, "bob")
	b.collects(len(old) + len(shared) - 1)
	b.wants("demo/a", true, is...)
	b.wants("demo/a", false, old...)
	b.wants("demo/a", false, shared[1:]...)
	b.wants("demo/a", true, shared[0])
}

// Where a registry lists no referrers, a tag does: one that has moved on leaves them behind.
func TestWhatIsSaidOfAnImageStaysWithIt(t *testing.T) {
	b := newBench(t)
	is := b.image("demo/a", "is", "", "alice")
	says := b.image("demo/a", "says", string(is), "said")
	ofThat := b.image("demo/a", "of that", string(says), "said")
	other := b.image("demo/a", "of what is not there", string(digest.FromString("x")), "said")
	b.image("demo/a", "more", "", "said")
	b.collects(1)
	b.wants("demo/a", true, is, says, ofThat)
	b.wants("demo/a", false, other)
}

func TestAnIndexComesBeforeItsParts(t *testing.T) {
	a, b, c, d := digest.FromString("a"), digest.FromString("b"), digest.FromString("c"), digest.FromString("d")
	for range 20 {
		found := images{
			all: map[digest.Digest]bool{a: true, b: true, c: true, d: true},
			// `d` names all, `c` those below it.
			parts: map[digest.Digest][]digest.Digest{d: {a, b, c}, c: {b, a}, b: {a}},
		}
		got := found.leftBehind(nil, []digest.Digest{a, c, d, digest.FromString("gone")})
		if want := []digest.Digest{d, c, b, a}; !slices.Equal(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
	}
}

func TestOneBadRepository(t *testing.T) {
	for name, spoil := range map[string]func(b *bench, image digest.Digest) string{
		"manifest": func(b *bench, image digest.Digest) string {
			return b.path("blobs/sha256", image.Encoded()[:2], image.Encoded(), "data")
		},
		"link": func(b *bench, image digest.Digest) string {
			return b.path("repositories/demo/b/_manifests/revisions/sha256", image.Encoded(), "link")
		},
		"tag": func(b *bench, image digest.Digest) string {
			return b.path("repositories/demo/b/_manifests/tags/bob/current/link")
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			var old []digest.Digest
			for _, repository := range []string{"demo/a", "demo/c"} {
				old = append(old, b.image(repository, repository, "", "alice"))
				b.image(repository, "new", "", "alice")
			}
			left := b.image("demo/b", "left", "", "bob")
			bad := b.image("demo/b", "bad", "", "bob")
			path := spoil(b, bad)
			before, err := os.ReadFile(path)
			b.must(err)
			b.must(os.WriteFile(path, []byte("bad"), 0o644))
			count, err := b.collect()
			if count != 2 || err == nil || !strings.Contains(err.Error(), "demo/b: ") {
				t.Fatalf("got %d images, %v", count, err)
			}
			for at, repository := range []string{"demo/a", "demo/c"} {
				if b.has(repository, old[at]) {
					t.Errorf("%s is as it was", repository)
				}
			}
			for _, blob := range []string{"left", "bad", "demo/a", "demo/c"} {
				if !b.hasData(digest.FromString(blob)) {
					t.Errorf("blob %s is gone: nobody knows who needs it", blob)
				}
			}
			// Mended, it is tidied as well, and so is what was left of the others.
			b.must(os.WriteFile(path, before, 0o644))
			b.collects(1)
			b.wants("demo/b", true, bad)
			b.wants("demo/b", false, left)
			b.wants("demo/a", false, old[0])
		})
	}
}

func TestWhoServesTheStoreIsWaitedFor(t *testing.T) {
	b := newBench(t)
	old := b.image("demo/a", "old", "", "alice")
	b.image("demo/a", "new", "", "alice")
	b.must(own(b.root))
	first := owned
	owned = nil
	says, said := io.Pipe()
	log.SetOutput(said)
	defer log.SetOutput(os.Stderr)
	done := make(chan error, 1)
	go func() {
		_, err := b.collect()
		done <- err
		said.Close()
	}()
	line, _ := bufio.NewReader(says).ReadString('\n')
	if !strings.Contains(line, "another registry serves") {
		t.Fatalf("it did not wait, and said: %q", line)
	}
	go io.Copy(io.Discard, says)
	b.wants("demo/a", true, old)
	b.must(first.Close())
	b.must(<-done)
	b.wants("demo/a", false, old)
}

func TestAStoreWithoutAFolder(t *testing.T) {
	b := newBench(t)
	path := b.config("{filesystem: {maxthreads: 100}}")
	_, err := collect(context.Background(), path)
	want := path + ": storage.filesystem.rootdirectory: got nothing, want a folder"
	if err == nil || err.Error() != want {
		t.Fatalf("got %v, want %s", err, want)
	}
}
