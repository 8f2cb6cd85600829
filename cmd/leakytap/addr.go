package main

import (
	"errors"
	"syscall"
)

// isAddrInUse reports whether a listener failed because something else has its address.
func isAddrInUse(err error) bool { return errors.Is(err, syscall.EADDRINUSE) }
