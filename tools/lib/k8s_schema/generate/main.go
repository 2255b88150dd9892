// Writes what a version of Kubernetes says of its objects, as `<minor version>.json`:
//
//	go run . 1.36.3 ../kubernetes
//
// It compiles the schema that the API server itself answers with (`pkg/generated/openapi` of the module
// k8s.io/kubernetes): the files in that module's `api/openapi-spec` leave out which values an enum has.
package main

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

//go:embed print/main.go
var program []byte

func main() {
	log.SetFlags(0)
	if len(os.Args) != 3 {
		log.Fatal("usage: go run . VERSION FOLDER, such as: go run . 1.36.3 ../kubernetes")
	}
	if err := write(os.Args[1], os.Args[2]); err != nil {
		log.Fatalf("error: no schema of Kubernetes %s: %v", os.Args[1], err)
	}
}

func write(version, folder string) error {
	minor, err := minorOf(version)
	if err != nil {
		return err
	}
	module, err := os.MkdirTemp("", "k8s-schema-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(module)
	if err := fill(module, version); err != nil {
		return err
	}
	if _, err := run(module, "go", "mod", "tidy"); err != nil {
		return err
	}
	schema, err := run(module, "go", "run", "-tags=print", ".", minor)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, minor+".json"), schema, 0o644)
}

// 1.36 of 1.36.3.
func minorOf(version string) (string, error) {
	parts := strings.Split(version, ".")
	if len(parts) != 3 || parts[0] != "1" {
		return "", errors.New("want a version such as 1.36.3")
	}
	return parts[0] + "." + parts[1], nil
}

// Makes a module of the program that prints the schema. The modules that Kubernetes keeps in its own
// tree have the version 0.<minor>.<patch> outside of it, and have to be named one by one.
func fill(module, version string) error {
	staged, err := stagedModules(version)
	if err != nil {
		return err
	}
	goMod := fmt.Sprintf("module windlass/print\n\ngo 1.26.0\n\nrequire k8s.io/kubernetes v%s\n", version)
	for _, path := range staged {
		goMod += fmt.Sprintf("replace %s => %s v0.%s\n", path, path, strings.TrimPrefix(version, "1."))
	}
	for name, content := range map[string][]byte{"go.mod": []byte(goMod), "main.go": program} {
		if err := os.WriteFile(filepath.Join(module, name), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func stagedModules(version string) ([]string, error) {
	answer, err := run("", "go", "mod", "download", "-json", "k8s.io/kubernetes@v"+version)
	if err != nil {
		return nil, err
	}
	var download struct{ GoMod string }
	if err := json.Unmarshal(answer, &download); err != nil {
		return nil, err
	}
	answer, err = run("", "go", "mod", "edit", "-json", download.GoMod)
	if err != nil {
		return nil, err
	}
	var goMod struct {
		Replace []struct{ Old, New struct{ Path string } }
	}
	if err := json.Unmarshal(answer, &goMod); err != nil {
		return nil, err
	}
	var paths []string
	for _, replace := range goMod.Replace {
		if strings.HasPrefix(replace.New.Path, "./staging/") {
			paths = append(paths, replace.Old.Path)
		}
	}
	return paths, nil
}

func run(folder, program string, arguments ...string) ([]byte, error) {
	command := exec.Command(program, arguments...)
	command.Dir = folder
	var stderr bytes.Buffer
	command.Stderr = &stderr
	stdout, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", strings.Join(command.Args, " "), err, stderr.Bytes())
	}
	return stdout, nil
}
