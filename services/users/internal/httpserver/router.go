package httpserver

import (
	"log/slog"
	"net/http"
)

const unmatchedRoute = "unmatched"

// Router is a ServeMux that answers in the unified body, also where no route matches.
type Router struct {
	mux    *http.ServeMux
	logger *slog.Logger
}

// NewRouter returns a router without routes.
func NewRouter(logger *slog.Logger) *Router {
	return &Router{mux: http.NewServeMux(), logger: logger}
}

// Handle adds a route in the pattern language of http.ServeMux.
func (r *Router) Handle(pattern string, handler Handler) {
	r.mux.HandleFunc(pattern, func(writer http.ResponseWriter, request *http.Request) {
		reply, err := handler(request)
		if err != nil {
			r.fail(writer, request, err)
			return
		}
		writeReply(writer, reply)
	})
}

// HandlePlain adds a route whose body has a format of its own.
func (r *Router) HandlePlain(pattern string, handler http.Handler) {
	r.mux.Handle(pattern, handler)
}

// Pattern names the route of a request without its method, for metrics and spans.
func (r *Router) Pattern(request *http.Request) string {
	_, pattern := r.mux.Handler(request)
	if pattern == "" {
		return unmatchedRoute
	}
	for position, letter := range pattern {
		if letter == '/' {
			return pattern[position:]
		}
	}
	return pattern
}

// ServeHTTP answers a request.
func (r *Router) ServeHTTP(writer http.ResponseWriter, request *http.Request) {
	handler, pattern := r.mux.Handler(request)
	if pattern != "" {
		r.mux.ServeHTTP(writer, request)
		return
	}
	// ServeMux knows whether the path or only the method is unknown, but says
	// so in plain text: let it speak to a probe and repeat it in our words.
	probe := &statusProbe{header: http.Header{}}
	handler.ServeHTTP(probe, request)
	if probe.status == http.StatusMethodNotAllowed {
		writer.Header().Set("Allow", probe.header.Get("Allow"))
		writeFailure(writer, &Failure{Status: probe.status, Message: "this address does not know the method " + request.Method})
		return
	}
	writeFailure(writer, &Failure{Status: http.StatusNotFound, Message: "there is nothing at this address"})
}

func (r *Router) fail(writer http.ResponseWriter, request *http.Request, err error) {
	failure := asFailure(err)
	if failure.Status >= http.StatusInternalServerError && failure.Cause != nil {
		r.logger.ErrorContext(request.Context(), failure.Message, "error", failure.Cause.Error(), "status", failure.Status)
	}
	writeFailure(writer, failure)
}

type statusProbe struct {
	header http.Header
	status int
}

func (sp *statusProbe) Header() http.Header               { return sp.header }
func (sp *statusProbe) Write(content []byte) (int, error) { return len(content), nil }
func (sp *statusProbe) WriteHeader(status int)            { sp.status = status }
