package main

import (
	"sync"

	"github.com/cloudnativelabs/kube-router/v2/pkg/controllers/netpol"
	"github.com/cloudnativelabs/kube-router/v2/pkg/healthcheck"
	"github.com/cloudnativelabs/kube-router/v2/pkg/options"
	"github.com/spf13/cobra"
	v1 "k8s.io/api/core/v1"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/tools/cache"
)

// newNetworkPolicyCommand enforces NetworkPolicies with kube-router's controller, as k3s does.
//
// kube-router enforces for the pods of one node. Here every node shares the network of this host, where one instance
// sees the traffic of all of them: the pods are shown to it as pods of that one node.
func newNetworkPolicyCommand() *cobra.Command {
	var kubeconfig, node, nodeAddress string
	var cleanup bool
	configuration := options.NewKubeRouterConfig()
	configuration.EnableIPv4 = true
	command := &cobra.Command{
		Use:          "network-policy",
		SilenceUsage: true,
		RunE: func(*cobra.Command, []string) error {
			if cleanup {
				(&netpol.NetworkPolicyController{}).Cleanup()
				return nil
			}
			stop := genericapiserver.SetupSignalHandler()
			client, err := newClient(kubeconfig)
			if err != nil {
				return err
			}
			factory := informers.NewSharedInformerFactory(client, 0)
			pods := factory.Core().V1().Pods().Informer()
			namespaces := factory.Core().V1().Namespaces().Informer()
			policies := factory.Networking().V1().NetworkPolicies().Informer()
			err = pods.SetTransform(func(object any) (any, error) {
				if pod, ok := object.(*v1.Pod); ok && pod.Status.HostIP != "" {
					pod.Status.HostIP = nodeAddress
				}
				return object, nil
			})
			if err != nil {
				return err
			}
			factory.Start(stop)
			factory.WaitForCacheSync(stop)

			configuration.HostnameOverride = node
			iptables, ipsets, err := netpol.NewIPTablesHandlers(configuration)
			if err != nil {
				return err
			}
			enforcer, err := netpol.NewNetworkPolicyController(client, configuration, pods, policies, namespaces, &sync.Mutex{}, iptables, ipsets)
			if err != nil {
				return err
			}
			for informer, handler := range map[cache.SharedIndexInformer]cache.ResourceEventHandler{
				pods: enforcer.PodEventHandler, namespaces: enforcer.NamespaceEventHandler, policies: enforcer.NetworkPolicyEventHandler,
			} {
				if _, err := informer.AddEventHandler(handler); err != nil {
					return err
				}
			}
			heartbeats := make(chan *healthcheck.ControllerHeartbeat, 10)
			go func() {
				for range heartbeats { // the controller blocks when nobody reads them
				}
			}()
			var group sync.WaitGroup
			group.Add(1)
			enforcer.Run(heartbeats, stop, &group)
			return nil
		},
	}
	flags := command.Flags()
	flags.StringVar(&kubeconfig, "kubeconfig", "", "how to reach the API server")
	flags.StringVar(&node, "node", "", "a node of this host")
	flags.StringVar(&nodeAddress, "node-address", "", "the address of that node")
	flags.StringSliceVar(&configuration.ClusterIPCIDRs, "service-cidr", nil, "the addresses of Services")
	flags.StringSliceVar(&configuration.LoadBalancerCIDRs, "load-balancer-cidr", nil, "the addresses of load balancers")
	flags.BoolVar(&cleanup, "cleanup", false, "remove the rules and sets of an earlier run, and end")
	return command
}
