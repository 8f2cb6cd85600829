package main_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWhyUnseen(t *testing.T) {
	dir := stored(t)
	out, errs := run(t, dir, "", 1, "why", "https://bsky.app/profile/jo.example/post/3l7sbnz5kus2a", "--text", "acme lost my bag, worst service ever, i want a refund")
	require.Empty(t, out)
	require.Contains(t, errs, "was never collected")
	require.Contains(t, errs, "written at 2024-10-31T")
	require.Contains(t, errs, "no source of type bluesky is configured")
	require.Contains(t, errs, "brand acme would have made it alert")
	_, errs = run(t, dir, "nothing at all about them", 1, "why", "https://forum.example/t/1", "--text", "-")
	require.Contains(t, errs, "no source reads forum.example")
	require.Contains(t, errs, "the words match no term of acme")
	_, errs = run(t, dir, "", 1, "why", "http://127.0.0.1:1/x", "--fetch")
	require.Contains(t, errs, "its words were not fetched")
	run(t, dir, "", 2, "why", "x", "--at", "yesterday")
}
