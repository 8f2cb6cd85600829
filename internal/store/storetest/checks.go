//go:build !race

package storetest

// checks is how many random runs each machine makes.
const checks = "30"
