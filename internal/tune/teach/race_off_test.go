//go:build !race

package teach_test

// racing says that the race detector slows everything down.
const racing = false
