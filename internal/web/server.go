package web

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
)

const (
	// maxInFlight bounds the requests that are worked on at once; live updates have their own bound.
	maxInFlight  = 256
	drainTimeout = 10 * time.Second
)

// Options are what a Server is made of. Config, Ready, Metrics and Log are needed.
type Options struct {
	Config Config
	// Backend is nil in a process without the web role: then there is no inbox and no API.
	Backend Backend
	// Measures tells how well complaints are caught. It may be nil.
	Measures Measures
	// Ready answers nil when config, store and bus are up, else says in words what is not.
	Ready func(ctx context.Context) error
	// Metrics serves /metrics.
	Metrics http.Handler
	// Reload loads the config again; the text of its error are the error lines.
	Reload func(ctx context.Context) error
	// Slack takes POST /slack/interactions and /slack/commands; it checks signatures itself. It may be nil.
	Slack http.Handler
	// Ingest takes POST /api/v1/ingest/{source}; the path value source names the
	// source. It may be nil.
	Ingest http.Handler
	// IngestToken reports whether a source has a token of its own, which Ingest then
	// checks. The senders of any other source need a login where one is asked for. Nil is
	// for no source that has one.
	IngestToken func(source string) bool
	// LocalToken is accepted as a bearer beside the configured ones: the commands
	// read it from a file in data_dir. Empty is none.
	LocalToken string
	// Brands are the names of the brands that are listened for now. It may be nil.
	Brands func() []string
	// Troubles are sentences about what people should know of the daemon itself: a
	// receiver that stopped, a reload that was refused. It may be nil.
	Troubles func(ctx context.Context) []string
	// Tuning is what the tuning pages stand on; nil where there are none.
	Tuning  Tuning
	Log     *zap.Logger
	Version string
	Roles   []string
}

// Server serves the inbox, the API and the endpoints.
type Server struct {
	opt      Options
	log      *zap.Logger
	tokens   atomic.Pointer[Tokens]
	sessions sessions
	failures limiter
	inFlight chan struct{}
	events   events
	csrf     *http.CrossOriginProtection
	views    *views
	routes   []route
	mux      *http.ServeMux
	ln, mln  net.Listener
	stopping chan struct{}
}

// New makes a Server that does not listen yet. It reads the tokens.
func New(opt Options) (*Server, error) {
	if opt.Ready == nil || opt.Metrics == nil || opt.Log == nil {
		return nil, errors.New("web: Ready, Metrics and Log are needed")
	}
	for _, p := range opt.Config.Validate() {
		if !p.Warning {
			return nil, fmt.Errorf("server.%w", p)
		}
	}
	tokens, err := LoadTokens(opt.Config.Auth)
	if err != nil {
		return nil, fmt.Errorf("server.auth: %w", err)
	}
	views, err := loadViews()
	if err != nil {
		return nil, err
	}
	s := &Server{
		views:    views,
		opt:      opt,
		log:      opt.Log.Named("web"),
		inFlight: make(chan struct{}, maxInFlight),
		csrf:     http.NewCrossOriginProtection(),
		mux:      http.NewServeMux(),
		stopping: make(chan struct{}),
	}
	s.tokens.Store(tokens)
	if opt.Config.ExternalURL != "" {
		if err := s.csrf.AddTrustedOrigin(opt.Config.BaseURL("")); err != nil {
			return nil, fmt.Errorf("server.external_url: %w", err)
		}
	}
	s.events.backend, s.events.ready = opt.Backend, opt.Ready
	s.routes = s.table()
	for i := range s.routes {
		s.mux.Handle(s.routes[i].method+" "+s.routes[i].pattern, &s.routes[i])
	}
	return s, nil
}

// SetTokens swaps the tokens after a reload; sessions of a token that is gone
// end. It refuses to take away the last login where the config asks for one.
func (s *Server) SetTokens(t *Tokens) {
	if s.opt.Config.Auth.On() == (t != nil) {
		s.tokens.Store(t)
	}
}

// Listen binds the addresses, so that a caller knows them, or that they are
// taken, before Run. Run calls it where nobody did.
func (s *Server) Listen(ctx context.Context) error {
	if s.ln != nil {
		return nil
	}
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", s.opt.Config.Listen)
	if err != nil {
		return fmt.Errorf("listening on server.listen: %w", err)
	}
	if s.opt.Config.MetricsListen != "" {
		s.mln, err = lc.Listen(ctx, "tcp", s.opt.Config.MetricsListen)
		if err != nil {
			_ = ln.Close()
			return fmt.Errorf("listening on server.metrics_listen: %w", err)
		}
	}
	s.ln = ln
	return nil
}

// Addr is where the server listens; empty before Listen.
func (s *Server) Addr() string {
	if s.ln == nil {
		return ""
	}
	return s.ln.Addr().String()
}

// MetricsAddr is where the second listener is; empty where there is none.
func (s *Server) MetricsAddr() string {
	if s.mln == nil {
		return ""
	}
	return s.mln.Addr().String()
}

// URL is the address of the inbox for people, without a slash at its end.
func (s *Server) URL() string { return s.opt.Config.BaseURL(s.Addr()) }

// Run serves until ctx ends, lets requests in flight end and returns nil. It may be called once.
func (s *Server) Run(ctx context.Context) error {
	if err := s.Listen(ctx); err != nil {
		return err
	}
	servers := []*http.Server{s.httpServer(s)}
	listeners := []net.Listener{s.ln}
	if s.mln != nil {
		servers = append(servers, s.httpServer(s.metricsOnly()))
		listeners = append(listeners, s.mln)
	}
	ended := make(chan error, len(servers))
	for i, srv := range servers {
		go func() {
			err := srv.Serve(listeners[i])
			if errors.Is(err, http.ErrServerClosed) {
				err = nil
			}
			ended <- err
		}()
	}
	var failure error
	left := len(servers)
	select {
	case <-ctx.Done():
	case failure = <-ended:
		left--
	}
	close(s.stopping)
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer cancel()
	for _, srv := range servers {
		if err := srv.Shutdown(drain); err != nil {
			_ = srv.Close()
		}
	}
	for range left {
		failure = errors.Join(failure, <-ended)
	}
	if failure != nil {
		return fmt.Errorf("serving http: %w", failure)
	}
	return nil
}

func (s *Server) httpServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      40 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		// A client's broken handshake or reset is its own affair.
		ErrorLog: zap.NewStdLog(s.log.WithOptions(zap.IncreaseLevel(zap.ErrorLevel))),
	}
}
