package record

import "strings"

// A route names the receivers of a case's messages: those that it was opened for with
// commas between them, and behind a semicolon those that it reached when it became
// worse. No receiver's name holds either.

// Receivers are the receivers that a route names.
func Receivers(route string) []string {
	if route == "" {
		return nil
	}
	return strings.FieldsFunc(route, func(r rune) bool { return r == ',' || r == ';' })
}

// RouteOf is the route of a case that is opened for these receivers.
func RouteOf(receivers []string) string { return strings.Join(receivers, ",") }

// Widened is a route with one more receiver.
func Widened(route, receiver string) string {
	switch {
	case route == "":
		return receiver
	case strings.Contains(route, ";"):
		return route + "," + receiver
	}
	return route + ";" + receiver
}

// Opened is the route as it was when the case was opened.
func Opened(route string) string {
	first, _, _ := strings.Cut(route, ";")
	return first
}

// RouteWords is a route as people read it.
func RouteWords(route string) string { return strings.Join(Receivers(route), ", ") }
