package web_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/web/webtest"
)

func TestSpikesPageAndAPI(t *testing.T) {
	s := testServer(t, webtest.Filled(t, time.Now()), nil)
	status, page := call(s, http.MethodGet, "/spikes", "")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, page, "Watching, against the same hours of 5 earlier days.")
	require.Contains(t, page, `<th scope="row">billing</th><td class="num">24</td><td class="num">2.2</td><td class="num">12</td>`)
	require.Contains(t, page, `href="/cases/01JDCASE0000000000000000AA"`)
	require.Contains(t, page, "Silent: 1 of the 3 earlier days are known")
	require.Contains(t, page, "Spikes are turned off")
	status, body := call(s, http.MethodGet, "/api/v1/spikes", "")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, body, `"brand":"tollgate","enabled":true,"days":1,"needed":3,"ready":false`)
}
