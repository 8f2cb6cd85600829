package bus

import "errors"

// ErrTooLarge says that a message is over MaxValue; retrying cannot help.
var ErrTooLarge = errors.New("message is larger than the bus takes")
