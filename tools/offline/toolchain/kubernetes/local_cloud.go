package main

import (
	"net/netip"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/util/wait"
	genericapiserver "k8s.io/apiserver/pkg/server"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/cloud-provider/controllers/service"
	controllersmetrics "k8s.io/component-base/metrics/prometheus/controllers"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v13/controller"
)

// newLocalCloudCommand gives what a cloud gives a cluster: addresses of Services of type LoadBalancer, and volumes.
func newLocalCloudCommand() *cobra.Command {
	var kubeconfig, network, device, folder, provisionerName string
	command := &cobra.Command{
		Use:          "local-cloud",
		SilenceUsage: true,
		RunE: func(*cobra.Command, []string) error {
			ctx := wait.ContextForChannel(genericapiserver.SetupSignalHandler())
			client, err := newClient(kubeconfig)
			if err != nil {
				return err
			}
			factory := informers.NewSharedInformerFactory(client, 0)
			prefix, err := netip.ParsePrefix(network)
			if err != nil {
				return err
			}
			balancer := &loadBalancer{network: prefix, device: device, services: factory.Core().V1().Services().Lister()}
			services, err := service.New(
				balancer, client, factory.Core().V1().Services(), factory.Core().V1().Nodes(), "gostack", utilfeature.DefaultFeatureGate,
			)
			if err != nil {
				return err
			}
			volumes := controller.NewProvisionController(
				ctx, client, provisionerName, &provisioner{client: client, folder: folder}, controller.LeaderElection(false),
			)
			factory.Start(ctx.Done())
			go services.Run(ctx, 1, controllersmetrics.NewControllerManagerMetrics("local-cloud"))
			volumes.Run(ctx)
			return nil
		},
	}
	flags := command.Flags()
	flags.StringVar(&kubeconfig, "kubeconfig", "", "how to reach the API server")
	flags.StringVar(&network, "load-balancer-cidr", "", "the addresses to give to Services")
	flags.StringVar(&device, "device", "", "the network device that carries the addresses")
	flags.StringVar(&folder, "volumes", "", "the folder of the volumes")
	flags.StringVar(&provisionerName, "provisioner", "gostack.dev/local-volume", "the name that storage classes use")
	return command
}

func newClient(kubeconfig string) (kubernetes.Interface, error) {
	configuration, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, err
	}
	return kubernetes.NewForConfig(configuration)
}
