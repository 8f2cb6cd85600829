// Package encoder reads a post with a small sentence encoder: the layers of
// all-MiniLM-L6-v2, fine-tuned by scripts/encoder on who complains about whom. It is
// the second opinion of pkg/vent.
//
// The forward pass is written out here; the products are github.com/viterin/vek's,
// which uses AVX2 where the processor has it and needs no cgo. A text costs at most
// MaxPieces word pieces however long it is, an Encoder is safe for any number of
// goroutines, and equal input gives equal output on one kind of processor.
//
//	encoder.go    one text through all layers
//	default.go    the weights that are built in
//	words.go      a parsed post as words, the brand's name as a mark
//	pictures.go   words for emoji and emoticons
//	wordpiece.go  words as pieces of the vocabulary
//	sequence.go   pieces of text and name, cut to what fits
//	weights.go    the file of weights
//	layers.go     embeddings, feed-forward, normalisation
//	attention.go  attention
//	tables.go     the activation as a table
//	prepare.go    posts as the training script reads them
package encoder
