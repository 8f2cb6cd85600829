package webhook

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
)

// answer is what a sender is told.
type answer struct {
	status int
	// header is one more header, with its name first.
	header [2]string
	// Error is there unless something was accepted.
	Error *problem `json:"error,omitempty"`
	// Accepted and Rejected count the rows; a refused request has no Accepted.
	Accepted *int `json:"accepted,omitempty"`
	Rejected *int `json:"rejected,omitempty"`
	// Rows are the first bad rows.
	Rows []badRow `json:"rows,omitempty"`
}

type problem struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

func refuse(status int, code, message string) answer {
	return answer{status: status, Error: &problem{Code: code, Message: message}}
}

// later asks the sender to come again.
func later(seconds int, code, message string) answer {
	a := refuse(http.StatusServiceUnavailable, code, message)
	a.header = [2]string{"Retry-After", strconv.Itoa(seconds)}
	return a
}

func unauthorized(message string) answer {
	a := refuse(http.StatusUnauthorized, "unauthorized", message)
	a.header = [2]string{"WWW-Authenticate", `Bearer realm="leakytap"`}
	return a
}

// badJSON says where a document stops being JSON, without quoting it.
func badJSON(doc []byte) answer {
	var v json.RawMessage
	err := json.Unmarshal(doc, &v)
	line := 1
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		line += bytes.Count(doc[:min(int(e.Offset), len(doc))], []byte("\n"))
	}
	a := refuse(http.StatusBadRequest, "bad_json", fmt.Sprintf("the body is no JSON from line %d on; nothing was taken", line))
	a.Rows = []badRow{{Line: line, Error: "no JSON"}}
	return a
}

// answer is 202 where a row was accepted or there was none, else 422.
func (r result) answer() answer {
	if r.accepted == 0 && r.rejected > 0 {
		a := refuse(http.StatusUnprocessableEntity, "no_good_row", "no row could be read; rows says why")
		a.Rejected, a.Rows = &r.rejected, r.named
		return a
	}
	return answer{status: http.StatusAccepted, Accepted: &r.accepted, Rejected: &r.rejected, Rows: r.named}
}

func (a answer) write(w http.ResponseWriter) {
	h := w.Header()
	if a.header[0] != "" {
		h.Set(a.header[0], a.header[1])
	}
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	b, err := json.Marshal(a)
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(append(b, '\n'))
}
