// Command build compiles a handler to Wasm, for the host to make a component of:
//
//	go run mpy6a/cmd/build -o build/handler.wasm [PACKAGE]
//
// It runs go build for GOOS=wasip1 GOARCH=wasm, whatever the environment says, and gives the module room for the host's
// adapter; package mpy6a/internal/heap has the reason. Paths in the file are trimmed and the state of the version control
// is left out, so the same source gives the same bytes, and the host's `sha256` can pin them.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// compile are the arguments of go. The linker leaves out symbols and debug information, which are half of the file; stacks
// of a panic have their names all the same.
var compile = []string{
	"build", "-buildmode=c-shared", "-trimpath", "-buildvcs=false", "-ldflags=-s -w -checklinkname=0",
}

// environment overrides what a user may have set for other work.
var environment = []string{"GOOS=wasip1", "GOARCH=wasm", "GOFLAGS=", "GOWORK=off"}

func main() {
	output := flag.String("o", "build/handler.wasm", "where the core module goes")
	flag.Parse()
	if err := build(*output, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "mpy6a/cmd/build:", err)
		os.Exit(1)
	}
}

// build puts the finished file into its place by renaming: a host that watches it never sees half of one.
func build(output string, packages []string) error {
	if err := os.MkdirAll(filepath.Dir(output), 0o755); err != nil {
		return err
	}
	part := output + ".part"
	defer os.Remove(part)

	command := exec.Command("go", append(append(compile, "-o", part), packages...)...)
	command.Env = append(os.Environ(), environment...)
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	if err := command.Run(); err != nil {
		return fmt.Errorf("go build: %w: see above", err)
	}
	module, err := os.ReadFile(part)
	if err != nil {
		return err
	}
	if module, err = makeRoom(module); err != nil {
		return fmt.Errorf("%s: %w", output, err)
	}
	if err := os.WriteFile(part, module, 0o644); err != nil {
		return err
	}
	return os.Rename(part, output)
}
