package bus

import "errors"

// ErrTooLarge says that a message is over MaxValue; retrying cannot help.
var ErrTooLarge = errors.New("message is larger than the bus takes")

// ErrConsumed says that this process already consumes the topic for the group.
var ErrConsumed = errors.New("the topic is being consumed for this group already")
