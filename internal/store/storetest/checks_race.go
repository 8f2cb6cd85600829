//go:build race

package storetest

// checks is how many random runs each machine makes. The machines take turns, so
// that there is nothing to race for, and SQLite in Go is slow under the detector.
const checks = "3"
