package app

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// ErrLocked says that another daemon works on the data_dir.
var ErrLocked = errors.New("another leakytap is working on it")

// Lock is the hold of one process on a data_dir. It ends with the process,
// however the process ends.
type Lock struct{ file *os.File }

// LockDataDir makes dir where it is missing (0700) and locks it for this
// process. A dir that is taken gives ErrLocked.
func LockDataDir(dir string) (*Lock, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making data_dir %s: %w", dir, err)
	}
	path := filepath.Join(dir, "lock")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("locking data_dir %s: %w", dir, err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("data_dir %s: %w; stop it, or give this one a data_dir of its own", dir, ErrLocked)
		}
		return nil, fmt.Errorf("locking data_dir %s: %w", dir, err)
	}
	return &Lock{file: f}, nil
}

// Release gives the data_dir free.
func (l *Lock) Release() error { return l.file.Close() }

// Endpoint is how a command on the same machine reaches the running daemon.
type Endpoint struct {
	// URL is the base of the API, such as http://127.0.0.1:8080.
	URL string `json:"url"`
	// Token is a bearer token that only the owner of data_dir can read.
	Token string `json:"token"`
	PID   int    `json:"pid"`
}

func endpointPath(dir string) string { return filepath.Join(dir, "daemon.json") }

// writeEndpoint leaves e in dir, readable by its owner alone.
func writeEndpoint(dir string, e Endpoint) error {
	b, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("encoding endpoint: %w", err)
	}
	tmp := endpointPath(dir) + ".new"
	if err := os.WriteFile(tmp, b, 0o600); err != nil {
		return fmt.Errorf("writing %s: %w", tmp, err)
	}
	if err := os.Rename(tmp, endpointPath(dir)); err != nil {
		return fmt.Errorf("writing endpoint: %w", err)
	}
	return nil
}

// ReadEndpoint finds the daemon that runs on dir; false where none left its address.
func ReadEndpoint(dir string) (Endpoint, bool) {
	b, err := os.ReadFile(endpointPath(dir))
	if err != nil {
		return Endpoint{}, false
	}
	var e Endpoint
	if json.Unmarshal(b, &e) != nil || e.URL == "" {
		return Endpoint{}, false
	}
	return e, true
}
