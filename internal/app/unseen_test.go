package app

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPageWords(t *testing.T) {
	got := pageWords(`<html><head><title>Acme &amp; me</title><meta property="og:description" content="They lost my bag">
		<script>var x = "hidden"</script></head><body><nav>menu</nav><p>three hours <b>on hold</b></p></body></html>`)
	for _, w := range []string{"Acme & me", "They lost my bag", "three hours on hold"} {
		require.Contains(t, got, w)
	}
	require.NotContains(t, got, "hidden")
	require.NotContains(t, got, "menu")
}
