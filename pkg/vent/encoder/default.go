package encoder

import (
	"embed"
	"errors"
	"fmt"
	"sync"
)

//go:embed weights
var files embed.FS

// ErrNone is returned by Default in a build without weights.
var ErrNone = errors.New("this build holds no encoder weights")

var loadDefault = sync.OnceValues(func() (*Encoder, error) {
	data, err := files.ReadFile("weights/encoder.bin")
	if err != nil {
		return nil, ErrNone
	}
	e, err := Load(data)
	if err != nil {
		return nil, fmt.Errorf("the encoder that is built in: %w", err)
	}
	return e, nil
})

// Default is the encoder with the weights that are built in, loaded on first use: 43
// MB of floats beside the file's own 16 MB.
func Default() (*Encoder, error) { return loadDefault() }
