package web

// RouteInfo is what the tests see of a route.
type RouteInfo struct {
	Method, Pattern string
	// Access is open, user or own.
	Access string
	API    bool
}

// RouteTable is every route of s.
func (s *Server) RouteTable() []RouteInfo {
	var out []RouteInfo
	for _, rt := range s.routes {
		out = append(out, RouteInfo{
			Method: rt.method, Pattern: rt.pattern, API: rt.kind == kindAPI,
			Access: map[access]string{accessOpen: "open", accessUser: "user", accessOwn: "own", accessSource: "user"}[rt.access],
		})
	}
	return out
}

// MaxStreams is how many live pages there may be.
const MaxStreams = maxStreams

// Policy is the content security policy of every answer.
const Policy = policy

// OpenAPIDocument is the description that is served.
func OpenAPIDocument() []byte { return openAPIDocument }
