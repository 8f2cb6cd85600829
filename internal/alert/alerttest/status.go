package alerttest

import (
	"net/http"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/alert"
	"github.com/leakytap/leakytap/internal/record"
)

// common is what a status means at a place that speaks plain HTTP.
func common(status int) (w Want, taken bool) {
	switch {
	case status < 300:
		return Want{}, true
	case status == http.StatusTooManyRequests:
		return Want{Reason: alert.ReasonRateLimited, Kind: alert.FailRetry, Limited: true}, false
	case status >= 500:
		return Want{Reason: alert.ReasonServerError, Kind: alert.FailAmbiguous}, false
	case status == http.StatusUnauthorized, status == http.StatusForbidden, status == http.StatusProxyAuthRequired:
		return Want{Reason: alert.ReasonAuth, Kind: alert.FailPermanent}, false
	case status == http.StatusGone:
		return Want{Reason: alert.ReasonHTTPStatus, Kind: alert.FailPermanent}, false
	case status == http.StatusRequestEntityTooLarge:
		return Want{Reason: alert.ReasonTooBig, Kind: alert.FailTooBig}, false
	}
	return Want{Reason: alert.ReasonHTTPStatus, Kind: alert.FailRetry}, false
}

func (p Place) want(status int) (Want, bool) {
	w, taken := common(status)
	if p.Status != nil {
		return p.Status(status, w, taken)
	}
	return w, taken
}

// statuses asks for every status there can be.
func (p Place) statuses(t *testing.T) {
	var status atomic.Int64
	elsewhere := atomic.Int64{}
	other := serve(t, func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) })
	base := serve(t, func(w http.ResponseWriter, req *http.Request) {
		code := int(status.Load())
		if code == http.StatusOK {
			p.Taken(w, req)
			return
		}
		w.Header().Set("Location", other+"/elsewhere")
		w.WriteHeader(code)
	})
	r := p.receiver(t, base, 10*time.Second, nil)
	m := Message(record.NoticeCard, record.StateOpen)
	for code := http.StatusOK; code < 600; code++ {
		status.Store(int64(code))
		want, taken := p.want(code)
		rc, err := r.Post(t.Context(), m)
		if taken {
			require.NoError(t, err, "status %d", code)
			require.NotEmpty(t, rc.TS, "a card that was taken is known by something")
			continue
		}
		require.Error(t, err, "status %d", code)
		require.Empty(t, rc, "status %d", code)
		_ = Check(t, err, want, p.Secrets...)
	}
	require.Zero(t, elsewhere.Load(), "nothing follows a redirect")
	calls := []func() error{func() error {
		_, err := r.Reply(t.Context(), Root(), Message(record.NoticeReply, record.StateOpen))
		return err
	}}
	if !p.NoUpdates {
		calls = append(calls, func() error { return r.Update(t.Context(), Root(), Message(record.NoticeUpdate, record.StateClaimed)) })
	}
	for _, do := range calls {
		status.Store(http.StatusInternalServerError)
		want, _ := p.want(http.StatusInternalServerError)
		_ = Check(t, do(), want, p.Secrets...)
		status.Store(http.StatusOK)
		require.NoError(t, do())
	}
}

// retryAfter asks for keeping away in every form there is.
func (p Place) retryAfter(t *testing.T) {
	for _, tc := range []struct {
		name, header string
		least, most  time.Duration
	}{
		{"seconds", "7", 7 * time.Second, 7 * time.Second},
		{"a fraction", "2.5", 2500 * time.Millisecond, 2500 * time.Millisecond},
		{"a date", time.Now().Add(90 * time.Second).UTC().Format(http.TimeFormat), 60 * time.Second, 91 * time.Second},
		{"a date that has passed", time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat), time.Second, time.Second},
		{"none", "", time.Second, time.Second},
		{"garbage", "soon", time.Second, time.Second},
		{"below zero", "-5", time.Second, time.Second},
		{"a year", strconv.Itoa(365 * 24 * 3600), 5 * time.Minute, 5 * time.Minute},
	} {
		t.Run(tc.name, func(t *testing.T) {
			base := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				if tc.header != "" {
					w.Header().Set("Retry-After", tc.header)
				}
				w.WriteHeader(http.StatusTooManyRequests)
			})
			_, err := p.receiver(t, base, 10*time.Second, nil).Post(t.Context(), Message(record.NoticeCard, record.StateOpen))
			e := Check(t, err, Want{Reason: alert.ReasonRateLimited, Kind: alert.FailRetry, Limited: true}, p.Secrets...)
			require.GreaterOrEqual(t, e.After, tc.least)
			require.LessOrEqual(t, e.After, tc.most)
		})
	}
}
