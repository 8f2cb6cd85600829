// Command prepare turns labelled posts into the words that the encoder reads, for
// scripts/encoder: JSONL on standard input with text and brand, JSONL on standard
// output with words and name, a line for each.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/leakytap/leakytap/pkg/vent/encoder"
)

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "prepare:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer) error {
	dec := json.NewDecoder(bufio.NewReaderSize(in, 1<<20))
	w := bufio.NewWriterSize(out, 1<<20)
	enc := json.NewEncoder(w)
	for n := 1; ; n++ {
		var row struct {
			Text  string `json:"text"`
			Brand string `json:"brand"`
		}
		if err := dec.Decode(&row); err == io.EOF {
			return w.Flush()
		} else if err != nil {
			return fmt.Errorf("reading row %d: %w", n, err)
		}
		words, name, handle := encoder.Prepare(row.Text, row.Brand)
		err := enc.Encode(struct {
			Words  string `json:"words"`
			Name   string `json:"name"`
			Handle string `json:"handle"`
		}{words, name, handle})
		if err != nil {
			return fmt.Errorf("writing row %d: %w", n, err)
		}
	}
}
