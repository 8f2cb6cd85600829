//go:build race

package tune_test

// raced says that the race detector slows the database down tenfold.
const raced = true
