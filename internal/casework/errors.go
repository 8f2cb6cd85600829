package casework

import (
	"errors"
	"fmt"
	"strings"

	"github.com/leakytap/leakytap/internal/record"
)

// ErrIllegal is what every refusal of a move is, for errors.Is.
var ErrIllegal = errors.New("not a legal move")

// ErrTaken is what a refusal is when somebody else owns the case.
var ErrTaken = errors.New("somebody else owns it")

// IllegalError refuses an action: it names what stands in the way and what is legal.
type IllegalError struct {
	Case  string
	State record.State
	Verb  record.Verb
	// Owner is who owns the case; set when that is what stands in the way.
	Owner string
	// Legal is what may be done instead.
	Legal []record.Verb
	// Msg says what is wrong with the action itself, where the state is not the reason.
	Msg string
}

// Error says what was wanted, why it was refused and what is legal.
func (e *IllegalError) Error() string {
	legal := make([]string, len(e.Legal))
	for i, v := range e.Legal {
		legal[i] = string(v)
	}
	switch {
	case e.Owner != "":
		return fmt.Sprintf("%s of case %s: %s has claimed it already; assign it to take it over", e.Verb, e.Case, e.Owner)
	case e.Msg != "":
		return fmt.Sprintf("%s of case %s: %s", e.Verb, e.Case, e.Msg)
	default:
		return fmt.Sprintf("%s of case %s: it is %s; legal now: %s", e.Verb, e.Case, e.State, strings.Join(legal, ", "))
	}
}

// Human says it to the person who clicked: who has the case, or what can be done.
func (e *IllegalError) Human() string {
	switch {
	case e.Owner != "":
		return e.Owner + " has it already. Assign it to yourself to take it over."
	case e.Msg != "":
		return "That cannot be done: " + e.Msg + "."
	}
	legal := make([]string, len(e.Legal))
	for i, v := range e.Legal {
		legal[i] = string(v)
	}
	return "The case is " + string(e.State) + " by now. What can be done: " + strings.Join(legal, ", ") + "."
}

// Is makes the error an ErrIllegal, and an ErrTaken where an owner stands in the way.
func (e *IllegalError) Is(target error) bool {
	return target == ErrIllegal || (target == ErrTaken && e.Owner != "")
}

// refuse is the error for a state that does not allow the verb.
func refuse(c record.Case, v record.Verb) *IllegalError {
	return &IllegalError{Case: c.ID, State: c.State, Verb: v, Legal: Legal(c.State)}
}

// wrong is the error for an action that is wrong in itself.
func wrong(c record.Case, v record.Verb, format string, args ...any) *IllegalError {
	e := refuse(c, v)
	e.Msg = fmt.Sprintf(format, args...)
	return e
}
