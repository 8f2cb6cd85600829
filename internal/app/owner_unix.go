//go:build unix

package app

import (
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// fileOwner is the login of a file's owner, or its number where it has no name.
func fileOwner(file string) string {
	info, err := os.Stat(file)
	if err != nil {
		return ""
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return ""
	}
	id := strconv.FormatUint(uint64(st.Uid), 10)
	if u, err := user.LookupId(id); err == nil {
		return u.Username
	}
	return "uid " + id
}
