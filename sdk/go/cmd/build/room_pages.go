//go:build go1.26

package main

// roomPages is how much memory, in Wasm's pages of 64 KiB, a module gets on top of what the linker gave it: 5 MiB. Go's
// runtime takes 1.5 MiB before the first package is initialised (measured with Go 1.27), 1 MiB of which the linker
// provides; the rest is for packages that are initialised before mpy6a's. What is not used costs no physical memory.
//
// This command is compiled by the Go that compiles the handler, so the build tag chooses by the right version.
const roomPages = 80
