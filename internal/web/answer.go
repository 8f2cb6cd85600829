package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"

	"go.uber.org/zap"
)

// httpError is an answer other than the one that was asked for. Its message is
// for people: it names the thing and the way out, never a stranger's text.
type httpError struct {
	status  int
	code    string
	message string
}

func (e *httpError) Error() string { return e.message }

var (
	errNotFoundPage = &httpError{http.StatusNotFound, "not_found", "there is nothing at this address"}
	errTooMany      = &httpError{http.StatusTooManyRequests, "too_many", "too many wrong tokens from this address; wait a little"}
)

func badRequest(message string) error {
	return &httpError{http.StatusBadRequest, "bad_request", message}
}

// answerTo maps what a Backend says to an answer.
func answerTo(err error) *httpError {
	var own *httpError
	var refused *Refused
	switch {
	case errors.As(err, &own):
		return own
	case errors.As(err, &refused):
		return &httpError{http.StatusConflict, "refused", show(refused.Message)}
	case errors.Is(err, ErrNotFound):
		return &httpError{http.StatusNotFound, "not_found", "there is nothing with this id"}
	case isTooBig(err):
		return &httpError{http.StatusRequestEntityTooLarge, "too_large", "the request is too large"}
	case errors.Is(err, context.DeadlineExceeded):
		return &httpError{http.StatusGatewayTimeout, "timeout", "the daemon did not answer in time; try again"}
	case errors.Is(err, context.Canceled):
		return &httpError{http.StatusServiceUnavailable, "stopping", "the request ended before its answer"}
	default:
		return &httpError{http.StatusInternalServerError, "internal", "something went wrong here; the daemon's log says what"}
	}
}

func isTooBig(err error) bool {
	_, ok := errors.AsType[*http.MaxBytesError](err)
	return ok
}

// seeOther sends the browser on to an address of ours, by GET.
func seeOther(w http.ResponseWriter, to string) {
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusSeeOther)
}

// fail answers with err in the form of the route.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, k kind, err error) {
	e := answerTo(err)
	if _, ours := errors.AsType[*httpError](err); !ours && e.code == "internal" {
		s.log.Error("answering a request", zap.String("route", r.Pattern), zap.Error(err))
	}
	switch k {
	case kindAPI:
		writeJSON(w, e.status, map[string]any{"error": map[string]string{"code": e.code, "message": e.message}})
	case kindPlain:
		writeText(w, e.status, e.message+"\n")
	case kindPage:
		s.errorPage(w, r, e)
	}
}

func writeText(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text)
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	if err := enc.Encode(v); err != nil {
		status = http.StatusInternalServerError
		buf.Reset()
		buf.WriteString(`{"error":{"code":"internal","message":"the answer could not be written as JSON"}}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(buf.Bytes())
}

// readJSON reads a body of one JSON object with no unknown fields into v.
func readJSON(r *http.Request, v any) error {
	if ct, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || ct != "application/json" {
		return &httpError{http.StatusUnsupportedMediaType, "unsupported_media_type", "send Content-Type: application/json"}
	}
	dec := json.NewDecoder(r.Body)
	dec.DisallowUnknownFields()
	err := dec.Decode(v)
	if isTooBig(err) {
		return err
	}
	if err != nil {
		return badRequest("the body is not the JSON object that is wanted: " + clip(show(err.Error()), 200))
	}
	if dec.More() {
		return badRequest("the body holds more than one JSON object")
	}
	return nil
}

// readForm reads a form of at most smallBody bytes.
func readForm(r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		if isTooBig(err) {
			return err
		}
		return badRequest("the form could not be read")
	}
	return nil
}
