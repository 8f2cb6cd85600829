package feeds

import (
	"bytes"
	"compress/gzip"
	"io"
	"maps"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// Fault is one way to answer badly. The zero value answers well.
type Fault struct {
	// Status answers with this status and Body instead of the real answer.
	Status int
	Body   string
	// ContentType goes with Body.
	ContentType string
	// RetryAfter is the Retry-After header: seconds or a date.
	RetryAfter string
	// Redirect answers 302 to this place.
	Redirect string
	// CutAfter sends that many bytes of the real answer under its full length, then
	// drops the connection.
	CutAfter int
	// Drip sends the real answer a byte at a time with this pause.
	Drip time.Duration
	// Hang never answers.
	Hang bool
	// Reset drops the connection without an answer.
	Reset bool
	// Bomb answers with that many MiB of zeros, gzipped.
	Bomb int
	// Header is added to the real answer.
	Header http.Header
}

// Faults decides how requests are answered.
type Faults struct {
	mu     sync.Mutex
	next   []Fault
	always *Fault
	fired  int
	asked  int
}

// Next answers the coming requests so, one fault each, and well again after that.
func (f *Faults) Next(faults ...Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.next = append(f.next, faults...)
}

// Always answers every request so until it is called with nil.
func (f *Faults) Always(fault *Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.always = fault
}

// Fired is how many requests met a fault.
func (f *Faults) Fired() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.fired
}

// Asked is how many requests came in all.
func (f *Faults) Asked() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.asked
}

func (f *Faults) take() (Fault, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked++
	switch {
	case len(f.next) > 0:
		one := f.next[0]
		f.next = f.next[1:]
		f.fired++
		return one, true
	case f.always != nil:
		f.fired++
		return *f.always, true
	}
	return Fault{}, false
}

// around runs h, or what the fault at hand makes of it.
func (f *Faults) around(w http.ResponseWriter, r *http.Request, h http.HandlerFunc) {
	fault, ok := f.take()
	if !ok {
		h(w, r)
		return
	}
	maps.Copy(w.Header(), fault.Header)
	if fault.RetryAfter != "" {
		w.Header().Set("Retry-After", fault.RetryAfter)
	}
	switch {
	case fault.Hang:
		<-r.Context().Done()
	case fault.Reset:
		panic(http.ErrAbortHandler)
	case fault.Redirect != "":
		http.Redirect(w, r, fault.Redirect, http.StatusFound)
	case fault.Bomb > 0:
		bomb(w, fault.Bomb)
	case fault.CutAfter > 0:
		full := record(r, h)
		w.Header().Set("Content-Length", strconv.Itoa(len(full.body.Bytes())))
		_, _ = w.Write(full.body.Bytes()[:min(fault.CutAfter, full.body.Len()-1)])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	case fault.Drip > 0:
		drip(w, r, record(r, h), fault.Drip)
	case fault.Status != 0:
		if fault.ContentType != "" {
			w.Header().Set("Content-Type", fault.ContentType)
		}
		w.WriteHeader(fault.Status)
		_, _ = io.WriteString(w, fault.Body)
	default:
		h(w, r)
	}
}

func bomb(w http.ResponseWriter, mib int) {
	w.Header().Set("Content-Encoding", "gzip")
	zw := gzip.NewWriter(w)
	zeros := make([]byte, 1<<20)
	for range mib {
		if _, err := zw.Write(zeros); err != nil {
			return
		}
	}
	_ = zw.Close()
}

func drip(w http.ResponseWriter, r *http.Request, full *recorded, pause time.Duration) {
	maps.Copy(w.Header(), full.header)
	w.WriteHeader(full.status)
	rc := http.NewResponseController(w)
	t := time.NewTicker(pause)
	defer t.Stop()
	for _, b := range full.body.Bytes() {
		if _, err := w.Write([]byte{b}); err != nil || rc.Flush() != nil {
			return
		}
		select {
		case <-t.C:
		case <-r.Context().Done():
			return
		}
	}
}

// recorded is an answer that was kept instead of sent.
type recorded struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func record(r *http.Request, h http.HandlerFunc) *recorded {
	rec := &recorded{header: http.Header{}, status: http.StatusOK}
	h(rec, r)
	return rec
}

// Header is the answer's header.
func (r *recorded) Header() http.Header { return r.header }

// WriteHeader keeps the status.
func (r *recorded) WriteHeader(status int) { r.status = status }

// Write keeps the body.
func (r *recorded) Write(b []byte) (int, error) { return r.body.Write(b) }
