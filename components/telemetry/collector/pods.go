package main

import (
	"context"
	"net/url"
	"time"
)

// pod is what is asked of one: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/.
type pod struct {
	Metadata struct {
		Name, Namespace, UID string
		Labels               map[string]string
	}
	Spec struct {
		Containers, InitContainers []podContainer
	}
	Status struct {
		Phase                                    string
		ContainerStatuses, InitContainerStatuses []containerStatus
	}
}

type podContainer struct {
	Name      string
	Resources struct{ Limits map[string]string }
}

type containerStatus struct {
	Name string
	// ContainerID is empty until it has been started once.
	ContainerID      string
	RestartCount     int
	State, LastState struct {
		Running    *struct{ StartedAt time.Time }
		Terminated *struct{ Reason string }
	}
}

// identity is what a container of the pod is in the stack. A program beside the pod's own has a role of its own.
func (p *pod) identity(container string) identity {
	labels := p.Metadata.Labels
	return identity{
		Service:  labels["gostack.service"],
		Region:   labels["gostack.region"],
		Track:    labels["gostack.track"],
		Instance: p.Metadata.Name,
		Role:     container,
	}
}

func (p *pod) statuses() []containerStatus {
	return append(append([]containerStatus{}, p.Status.InitContainerStatuses...), p.Status.ContainerStatuses...)
}

// over is true when a container will not run again.
func (p *pod) over(status containerStatus) bool {
	ended := status.State.Terminated
	return ended != nil && (p.Status.Phase == "Succeeded" || p.Status.Phase == "Failed" || ended.Reason == "Completed")
}

// pods are those of the stack in its namespaces. What somebody runs by hand beside them (`gostack task`) has no place in
// the stack.
func (c *cluster) pods(ctx context.Context, stack string, namespaces []string) ([]pod, error) {
	var found []pod
	for _, namespace := range namespaces {
		// Any version that the server remembers: it need not ask its store for each look.
		query := url.Values{"labelSelector": {"gostack.stack=" + stack + ",!gostack.task"}, "resourceVersion": {"0"}}
		var here []pod
		if err := c.list(ctx, "/api/v1/namespaces/"+namespace+"/pods", query, &here); err != nil {
			return nil, err
		}
		found = append(found, here...)
	}
	return found, nil
}

// calledByName gives lines of the ingress about services that call each other the role that they have on Docker, where
// another Nginx leads them: whoever comes from outside of the cluster comes with TLS.
func calledByName(row fields) {
	if row["service"] == ingressService && row["role"] == ingressRole && row["upstream_service"] != "" && row["tls"] == "" {
		row["role"] = gatewayRole
	}
}
