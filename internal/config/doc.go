// Package config reads leakytap.yaml and the brand files. It composes the Config
// of every part, and it is strict: a key that nobody knows, a value of the wrong
// type or a name that leads nowhere is an error with file, line, column and a
// way out, and all errors are reported at once.
//
// leakytap.yaml is all or nothing. Each file of brands_dir is a unit of its own: a
// broken one costs its brand alone, and the caller may put an earlier version in
// its place. Paths in a config are relative to the folder of its file.
//
//	config.go    the config as a whole and its defaults
//	load.go      from a file to a Config
//	unit.go      brands: inline and as files, last good versions
//	shared.go    terms that two brands have in common
//	terms.go     term lists that the queries share
//	decode.go    YAML into structs, with the place of every value
//	scalar.go    texts, numbers, switches
//	readings.go  the bytes it was made of, and whether they changed meanwhile
//	expand.go    ${VAR}
//	secret.go    x_file for every secret x
//	validate.go  what no part can know alone
//	source.go    a file's bytes and the places in them
//	inside.go    the place of a character inside a YAML scalar
//	problem.go   errors and warnings as they are printed
//	schema.go    JSON Schema
//	describe.go  what each key means, for schema and docs
//	show.go      the effective config, secrets hidden
//	quick.go     a config without a file
//	watch.go     file changes
package config
