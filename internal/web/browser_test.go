package web_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/web/webtest"
)

// chromium is the browser's program, or a skip.
func chromium(t *testing.T) string {
	t.Helper()
	if path := os.Getenv("LEAKYTAP_CHROMIUM"); path != "" {
		return path
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("no Chromium in PATH nor in $LEAKYTAP_CHROMIUM; `make test-browser` runs this where there is one")
	return ""
}

// tab is one page of a real browser. It collects what the browser complains about
// and whom it asked.
type tab struct {
	mu       sync.Mutex
	troubles []string
	asked    []string
}

// TestBrowser runs every browser test in one browser, each with cookies of its own.
func TestBrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("a browser takes its time; `make test-browser` runs this")
	}
	opts := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
		chromedp.ExecPath(chromium(t)), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.UserDataDir(t.TempDir()), chromedp.WindowSize(1280, 900))
	alloc, stop := chromedp.NewExecAllocator(context.WithoutCancel(t.Context()), opts...)
	ctx, cancel := chromedp.NewContext(alloc)
	defer func() {
		end, ended := context.WithTimeout(ctx, 20*time.Second)
		defer ended()
		require.NoError(t, chromedp.Cancel(end))
		cancel()
		stop()
	}()
	_, err := chromedp.Run(ctx, chromedp.Title())
	require.NoError(t, err)
	open := func(t *testing.T) (context.Context, *tab) {
		t.Helper()
		return openTab(ctx, t)
	}
	t.Run("FollowsAndActs", func(t *testing.T) { browserFollowsAndActs(t, open) })
	t.Run("SaysWhatWasRefused", func(t *testing.T) { browserSaysWhatWasRefused(t, open) })
	t.Run("Keyboard", func(t *testing.T) { browserKeyboard(t, open) })
	t.Run("WithoutJavaScript", func(t *testing.T) { browserWithoutJavaScript(t, open) })
	t.Run("ShowsHostileTextAsText", func(t *testing.T) { browserShowsHostileText(t, open) })
}

// opener opens a page in the browser of TestBrowser.
type opener func(t *testing.T) (context.Context, *tab)

// openTab opens a page in the browser; the context is chromedp's handle on it.
func openTab(browser context.Context, t *testing.T) (context.Context, *tab) {
	t.Helper()
	x := &tab{}
	ctx, cancel := chromedp.NewContext(browser, chromedp.WithNewBrowserContext(), chromedp.WithListener(x.hear))
	t.Cleanup(cancel)
	_, err := chromedp.Run(ctx, chromedp.Title())
	require.NoError(t, err)
	_, err = chromedp.Call(ctx, cdplog.Enable, cdp.Empty{})
	require.NoError(t, err)
	_, err = chromedp.Call(ctx, network.Enable, network.EnableParams{})
	require.NoError(t, err)
	return ctx, x
}

func (x *tab) hear(ev any) {
	x.mu.Lock()
	defer x.mu.Unlock()
	switch e := ev.(type) {
	case *cdplog.EventEntryAdded:
		x.troubles = append(x.troubles, e.Entry.Text+" "+e.Entry.URL)
	case *runtime.EventExceptionThrown:
		x.troubles = append(x.troubles, e.ExceptionDetails.Text)
	case *network.EventRequestWillBeSent:
		x.asked = append(x.asked, e.Request.URL)
	}
}

// do does steps and gives up after a minute.
func do(ctx context.Context, t *testing.T, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for _, step := range steps {
		err := chromedp.Do(ctx, step)
		// The page follows what happens: a button that was found may have been replaced by
		// its like before it was pressed, and is looked for again.
		for err != nil && ctx.Err() == nil && strings.Contains(err.Error(), "Could not find node with given id") {
			err = chromedp.Do(ctx, step)
		}
		require.NoError(t, err)
	}
}

// eval is the value of a script in the page.
func eval[T any](ctx context.Context, t *testing.T, script string) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](script))
	require.NoError(t, err, script)
	return v
}

// waitFor waits until the first element of sel says want.
func waitFor(ctx context.Context, t *testing.T, sel, want string) {
	t.Helper()
	script := fmt.Sprintf("(document.querySelector(%q)||{textContent:''}).textContent", sel)
	require.Eventually(t, func() bool {
		got, err := chromedp.Run(ctx, chromedp.Evaluate[string](script))
		return err == nil && strings.Contains(got, want)
	}, 30*time.Second, 100*time.Millisecond, "%s never said %q", sel, want)
}

func click(sel string) chromedp.Action[chromedp.Void] { return chromedp.Click(chromedp.CSS(sel)) }

// quiet wants that the browser complained about nothing and asked nobody else.
func (x *tab) quiet(t *testing.T, base string) {
	t.Helper()
	x.mu.Lock()
	defer x.mu.Unlock()
	require.Empty(t, x.troubles)
	require.NotEmpty(t, x.asked)
	for _, url := range x.asked {
		if strings.HasPrefix(url, "data:image/svg+xml;") {
			continue // the browser's own icon in a date field; nobody is asked for it
		}
		require.True(t, strings.HasPrefix(url, base), url)
	}
}

const (
	first   = "#case-" + caseOne
	caseTwo = "01JDAAAAAAAAAAAAAAAAAAAA02"
)

func browserFollowsAndActs(t *testing.T, open opener) {
	t.Helper()
	b := webtest.Filled(t, time.Now())
	s := testServer(t, b, nil)
	ctx, x := open(t)
	running(t, s)
	act := func(id string, verb record.Verb, actor string) {
		t.Helper()
		_, err := b.Act(t.Context(), record.Action{Case: id, Verb: verb, Actor: actor, Via: "slack"})
		require.NoError(t, err)
	}
	do(ctx, t, chromedp.Navigate(s.URL()+"/"))
	waitFor(ctx, t, "#live", "live")
	waitFor(ctx, t, first+" .owner", "nobody has it")

	// Somebody else claims it in Slack: the page follows by itself.
	act(caseOne, record.VerbClaim, "U0DANA")
	waitFor(ctx, t, first+" .owner", "U0DANA")

	// A click acts without a reload.
	eval[bool](ctx, t, "window.sameDocument = true")
	do(ctx, t, click("#answer-"+caseOne))
	waitFor(ctx, t, first+" .state", "answered")
	require.True(t, eval[bool](ctx, t, "window.sameDocument === true"))

	// An open menu is not taken away by what happens elsewhere.
	do(ctx, t, click("#more-"+caseOne))
	act(caseTwo, record.VerbClaim, "kofi")
	waitFor(ctx, t, "#live", "new things have happened")
	require.True(t, eval[bool](ctx, t, `!!document.querySelector("`+first+` details[open]")`))
	do(ctx, t, chromedp.KeyEvent(kb.Escape))
	waitFor(ctx, t, "#case-"+caseTwo+" .owner", "kofi")

	// Not a complaint acts at once and then asks why.
	do(ctx, t, click("#dismiss-"+caseOne))
	waitFor(ctx, t, ".did", "Why is it no complaint?")
	do(ctx, t, click(".reasons button[value=wrong_company]"))
	require.Eventually(t, func() bool {
		d, err := b.Dossier(t.Context(), caseOne)
		return err == nil && d.History[len(d.History)-1].What == "reason"
	}, 30*time.Second, 50*time.Millisecond)
	require.True(t, eval[bool](ctx, t, "window.sameDocument === true"))
	x.quiet(t, s.URL())
}

func browserSaysWhatWasRefused(t *testing.T, open opener) {
	t.Helper()
	b := webtest.Filled(t, time.Now())
	s := testServer(t, b, nil)
	ctx, _ := open(t)
	running(t, s)
	do(ctx, t, chromedp.Navigate(s.URL()+"/cases/"+caseOne))
	waitFor(ctx, t, "#live", "live")
	// The menu keeps the page as it was, while the case moves on.
	do(ctx, t, click("#more-"+caseOne))
	_, err := b.Act(t.Context(), record.Action{Case: caseOne, Verb: record.VerbResolve, Actor: "kofi", Via: "cli"})
	require.NoError(t, err)
	do(ctx, t, click(".panel button[value=answer]"))
	waitFor(ctx, t, "#page", "That did not happen")
	waitFor(ctx, t, "#page", "legal now: reopen")
}

func browserKeyboard(t *testing.T, open opener) {
	t.Helper()
	s := testServer(t, webtest.Filled(t, time.Now()), nil)
	ctx, x := open(t)
	running(t, s)
	do(ctx, t, chromedp.Navigate(s.URL()+"/"))
	waitFor(ctx, t, "#live", "live")
	focused := func() string {
		t.Helper()
		return eval[string](ctx, t, `(document.activeElement.closest(".case") || {id: document.activeElement.className}).id`)
	}
	do(ctx, t, chromedp.KeyEvent(kb.Tab))
	require.Equal(t, "skip", focused())
	do(ctx, t, chromedp.KeyEvent("j"))
	require.Equal(t, "case-"+caseOne, focused())
	do(ctx, t, chromedp.KeyEvent("j"), chromedp.KeyEvent("k"))
	require.Equal(t, "case-"+caseOne, focused())
	do(ctx, t, chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(kb.Enter))
	waitFor(ctx, t, first+" .state", "claimed")
	require.Eventually(t, func() bool { return focused() == "case-"+caseOne }, 30*time.Second, 100*time.Millisecond, "the focus stays with the case")
	x.quiet(t, s.URL())
}

func browserWithoutJavaScript(t *testing.T, open opener) {
	t.Helper()
	b := webtest.Filled(t, time.Now())
	s := testServer(t, b, withLogin)
	ctx, x := open(t)
	running(t, s)
	_, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	require.NoError(t, err)
	visible := func(sel string) chromedp.Action[chromedp.Void] { return chromedp.WaitVisible(chromedp.CSS(sel)) }
	gone := func(sel string) chromedp.Action[chromedp.Void] { return chromedp.WaitNotPresent(chromedp.CSS(sel)) }
	do(ctx, t,
		chromedp.Navigate(s.URL()+"/"),
		visible("#token"),
		chromedp.SendKeys(chromedp.CSS("#token"), danaToken+kb.Enter),
		visible("#claim-"+caseOne), click("#claim-"+caseOne),
		visible("#answer-"+caseOne), click("#more-"+caseOne), click(first+" button[value=snooze]"),
		gone(first), click(`a[href="/?state=snoozed"]`),
		visible(first), click("#dismiss-"+caseOne),
		visible(".did"), click(".reasons button[value=spam]"),
		gone(".did .reasons"),
	)
	d, err := b.Dossier(t.Context(), caseOne)
	require.NoError(t, err)
	require.Equal(t, record.StateDismissed, d.Case.State)
	require.Equal(t, "dana", d.Case.Owner)
	require.Equal(t, "spam", d.History[len(d.History)-1].Detail)
	x.quiet(t, s.URL())
}

// browserShowsHostileText opens every page that shows a stranger's
// words: no script of theirs runs, nothing of theirs is fetched, and no page is
// wider than a phone.
func browserShowsHostileText(t *testing.T, open opener) {
	t.Helper()
	s := testServer(t, webtest.Filled(t, time.Now()), nil)
	ctx, x := open(t)
	running(t, s)
	do(ctx, t, chromedp.EmulateViewport(390, 800))
	for _, path := range []string{
		"/", "/cases/" + caseOne, "/cases/01JDAAAAAAAAAAAAAAAAAAAA06", "/why?q=webhook:01JDAAAAAAAAAAAAAAAAAAAA06",
		"/sources", "/silences", "/dead", "/dead/01JDDEAD000000000000000002", "/?state=ended&did=01JDAAAAAAAAAAAAAAAAAAAA08",
	} {
		do(ctx, t, chromedp.Navigate(s.URL()+path), chromedp.WaitVisible(chromedp.CSS("main")))
		require.Zero(t, eval[int](ctx, t, `[...document.scripts].filter(s => !s.src.startsWith(location.origin + "/static/")).length`), path)
		require.LessOrEqual(t, eval[int](ctx, t, "document.documentElement.scrollWidth"), 390, "%s is wider than a phone", path)
	}
	x.quiet(t, s.URL())
}
