package desk

import (
	"fmt"
	"math"

	"github.com/leakytap/leakytap/internal/record"
)

// BadRecord is a record of a batch that could not be decided upon.
type BadRecord struct {
	// Index is its place in the batch.
	Index int
	// Reason is bad_record, newer_version, panic or failed.
	Reason string
	Err    error
}

// BadRecordsError says which records of a batch could not be decided upon. All
// others were, and are on the disk: these belong into the dead letters, and the
// batch is done with.
type BadRecordsError struct {
	Bad []BadRecord
}

// Error names the first of them and how many there are.
func (e *BadRecordsError) Error() string {
	return fmt.Sprintf("deciding: %d bad records, the first at %d: %s: %v", len(e.Bad), e.Bad[0].Index, e.Bad[0].Reason, e.Bad[0].Err)
}

// Unwrap gives what each of them failed with.
func (e *BadRecordsError) Unwrap() []error {
	out := make([]error, len(e.Bad))
	for i, b := range e.Bad {
		out[i] = b.Err
	}
	return out
}

// The reasons of bad records, as the dead letters know them.
const (
	reasonBadRecord    = "bad_record"
	reasonNewerVersion = "newer_version"
	reasonPanic        = "panic"
	reasonFailed       = "failed"
)

// panicError is a panic of the deciding code on one record.
type panicError struct{ value any }

// Error says what was panicked with.
func (e *panicError) Error() string { return fmt.Sprintf("deciding panicked: %v", e.value) }

// check refuses what no decision can be made upon.
func check(s record.Scored) (reason string, err error) {
	switch {
	case s.V > record.Version:
		return reasonNewerVersion, fmt.Errorf("reading a scored mention: version %d is newer than %d; run the newer leakytap", s.V, record.Version)
	case s.Match == record.MatchCanary:
		return "", nil
	case s.Brand == "" || s.Mention.ID == "":
		return reasonBadRecord, fmt.Errorf("reading a scored mention: no brand or no id (brand %q, id %q)", s.Brand, s.Mention.ID)
	case math.IsNaN(s.Score.Venting) || s.Score.Venting < 0 || s.Score.Venting > 1:
		return reasonBadRecord, fmt.Errorf("reading scored mention %s: venting %v is no probability", s.Mention.ID, s.Score.Venting)
	}
	switch s.Match {
	case record.MatchQuery, record.MatchWatched, record.MatchSeen:
		return "", nil
	default:
		return reasonBadRecord, fmt.Errorf("reading scored mention %s: unknown match %q", s.Mention.ID, s.Match)
	}
}
