//go:build !go1.26

package main

// roomPages is 12 MiB: up to Go 1.25 the heap grows by 4 MiB that begin at a multiple of 4 MiB, so that Go takes up to
// 8 MiB before the first package is initialised (7.2 MiB measured with Go 1.25). See room_pages.go.
const roomPages = 192
