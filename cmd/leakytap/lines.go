package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// inputLine is one line of JSONL without its end, or why it cannot be read.
type inputLine struct {
	data []byte
	err  error
}

// lineReader reads lines of any length in bounded memory, and knows whether
// more input waits.
type lineReader struct {
	r     *bufio.Reader
	begun bool
}

func newLineReader(r io.Reader) *lineReader { return &lineReader{r: bufio.NewReaderSize(r, 1<<18)} }

// interruptible reads r until ctx ends: a read that waits on a terminal or a
// pipe can be woken by nothing else.
func interruptible(ctx context.Context, r io.Reader) io.Reader {
	out, in := io.Pipe()
	go func() {
		_, err := io.CopyBuffer(struct{ io.Writer }{in}, struct{ io.Reader }{r}, make([]byte, 1<<18))
		in.CloseWithError(err)
	}()
	context.AfterFunc(ctx, func() { _ = out.CloseWithError(ctx.Err()) })
	return out
}

// next reads one line. A line over maxLine comes with an error in its place
// and its rest is skipped. The last line may lack its end; io.EOF comes alone.
func (l *lineReader) next() (inputLine, error) {
	var line inputLine
	if !l.begun {
		l.begun = true
		l.skipMark()
	}
	for {
		part, err := l.r.ReadSlice('\n')
		if line.err == nil && len(line.data)+len(part) > maxLine {
			line = inputLine{err: fmt.Errorf("line is over %d MiB", maxLine>>20)}
		}
		if line.err == nil {
			line.data = append(line.data, part...)
		}
		switch {
		case err == nil:
			line.data = bytes.TrimSuffix(line.data, []byte("\n"))
			return line, nil
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF) && (len(line.data) > 0 || line.err != nil):
			return line, nil //nolint:nilerr // the end comes with the next call
		default:
			return inputLine{}, err
		}
	}
}

// skipMark passes by the byte order mark that some editors put before the first line.
func (l *lineReader) skipMark() {
	const mark = "\uFEFF"
	if b, err := l.r.Peek(1); err != nil || b[0] != mark[0] {
		return
	}
	if b, err := l.r.Peek(len(mark)); err == nil && string(b) == mark {
		_, _ = l.r.Discard(len(mark))
	}
}

// batch reads one line, and further ones as long as they are waiting whole, at
// most limit. The lines read come with the error that ended the reading.
func (l *lineReader) batch(limit int) ([]inputLine, error) {
	var out []inputLine
	for len(out) < limit {
		if len(out) > 0 && !l.waiting() {
			return out, nil
		}
		line, err := l.next()
		if err != nil {
			return out, err
		}
		out = append(out, line)
	}
	return out, nil
}

// waiting reports whether a whole line is in the buffer already.
func (l *lineReader) waiting() bool {
	n := l.r.Buffered()
	if n == 0 {
		return false
	}
	b, err := l.r.Peek(n)
	return err == nil && bytes.IndexByte(b, '\n') >= 0
}

// cut shortens s to at most limit bytes, at a character.
func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}
