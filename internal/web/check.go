package web

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/leakytap/leakytap/internal/record"
)

const (
	maxQuery = 4096
	maxNote  = 1000
	// maxPromise is how many characters a promise may have.
	maxPromise = 300
	maxKey     = 128
)

// checkAction refuses what no case could do, whatever its state, and tidies the rest.
func checkAction(a *record.Action, now time.Time) error {
	a.To, a.Note = strings.TrimSpace(a.To), oneLine(a.Note)
	switch {
	case !slices.Contains(record.Verbs(), a.Verb):
		return badRequest("verb is one of " + joinVerbs(record.Verbs()))
	case len(a.Key) > maxKey || !utf8.ValidString(a.Key):
		return badRequest("key is at most 128 bytes")
	case utf8.RuneCountInString(a.Note) > maxNote:
		return badRequest("note is at most 1000 characters")
	case a.Verb == record.VerbSnooze && !a.Until.After(now):
		return badRequest("until is the time at which the snooze ends; it must be ahead")
	case a.Verb == record.VerbSnooze && a.Until.Sub(now) > maxSilence:
		return badRequest("until is more than a year ahead")
	case a.Verb == record.VerbPromise && a.Note == "":
		return badRequest("note says what was promised")
	case a.Verb == record.VerbPromise && utf8.RuneCountInString(a.Note) > maxPromise:
		return badRequest("note is at most 300 characters for a promise")
	case a.Verb == record.VerbPromise && (!a.Until.After(now) || a.Until.Sub(now) > maxSilence):
		return badRequest("until is by when it is promised; it must be ahead, at most a year")
	case a.Verb == record.VerbAssign && !validName(a.To):
		return badRequest("to names who gets the case: a login or a Slack user id (letters, digits, . _ - and @, at most 64)")
	case a.Verb == record.VerbReason && a.Reason == "":
		return badRequest("reason is one of " + strings.Join(record.DismissReasons(), ", "))
	case a.Reason != "" && !slices.Contains(record.DismissReasons(), a.Reason):
		return badRequest("reason is one of " + strings.Join(record.DismissReasons(), ", "))
	}
	return nil
}

func joinVerbs(vs []record.Verb) string {
	words := make([]string, len(vs))
	for i, v := range vs {
		words[i] = string(v)
	}
	return strings.Join(words, ", ")
}

// checkSilence asks for an end, a reason and something that narrows it: a silence
// of everything, for good, by nobody knows why, is how complaints get lost.
func checkSilence(s record.Silence, now time.Time) error {
	for _, v := range []string{s.Brand, s.Author, s.Topic, s.Query, s.Reason} {
		if len(v) > maxNote || !utf8.ValidString(v) {
			return badRequest("a field of the silence is over 1000 bytes")
		}
	}
	switch {
	case s.Brand == "" && s.Author == "" && s.Topic == "" && s.Query == "":
		return badRequest("name at least one of brand, author, topic and query")
	case strings.TrimSpace(s.Reason) == "":
		return badRequest("reason says why nobody should be told")
	case !s.Until.After(now):
		return badRequest("until is the time at which the silence ends; it must be ahead")
	case s.Until.Sub(now) > maxSilence:
		return badRequest("until is more than a year ahead")
	}
	return nil
}

// doByID answers 204 once do is done with the id in the path.
func doByID(w http.ResponseWriter, r *http.Request, do func(context.Context, string) error) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	if err := do(r.Context(), id); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// digest makes a key of bounded length from what a person asked for.
func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "web-" + hex.EncodeToString(sum[:16])
}
