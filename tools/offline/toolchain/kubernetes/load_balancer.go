package main

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"sync"

	"github.com/vishvananda/netlink"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	corelisters "k8s.io/client-go/listers/core/v1"
	cloudprovider "k8s.io/cloud-provider"
)

// loadBalancer gives every Service of type LoadBalancer an address of this host. Kubernetes's own service controller
// calls it; kube-proxy does the balancing, as it does for any address in a Service's status.
type loadBalancer struct {
	network  netip.Prefix
	device   string
	services corelisters.ServiceLister

	mutex sync.Mutex
	given map[string]netip.Addr // by namespace/name; the lister may lag behind
}

func serviceKey(service *v1.Service) string { return service.Namespace + "/" + service.Name }

// GetLoadBalancer returns what the Service's status says.
func (b *loadBalancer) GetLoadBalancer(_ context.Context, _ string, service *v1.Service) (*v1.LoadBalancerStatus, bool, error) {
	return &service.Status.LoadBalancer, len(service.Status.LoadBalancer.Ingress) > 0, nil
}

// GetLoadBalancerName is used in events only.
func (b *loadBalancer) GetLoadBalancerName(_ context.Context, _ string, service *v1.Service) string {
	return serviceKey(service)
}

// EnsureLoadBalancer chooses an address, keeps it for the Service's life, and adds it to the device.
func (b *loadBalancer) EnsureLoadBalancer(_ context.Context, _ string, service *v1.Service, _ []*v1.Node) (*v1.LoadBalancerStatus, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	address, err := b.choose(service)
	if err != nil {
		return nil, err
	}
	link, err := netlink.LinkByName(b.device)
	if err != nil {
		return nil, fmt.Errorf("device %s: %w", b.device, err)
	}
	if err := netlink.AddrReplace(link, hostAddress(address)); err != nil {
		return nil, fmt.Errorf("adding %s to %s: %w", address, b.device, err)
	}
	b.given[serviceKey(service)] = address
	mode := v1.LoadBalancerIPModeVIP
	return &v1.LoadBalancerStatus{Ingress: []v1.LoadBalancerIngress{{IP: address.String(), IPMode: &mode}}}, nil
}

// UpdateLoadBalancer has nothing to do: kube-proxy follows the endpoints, whatever the nodes are.
func (b *loadBalancer) UpdateLoadBalancer(context.Context, string, *v1.Service, []*v1.Node) error {
	return nil
}

// EnsureLoadBalancerDeleted takes the Service's address away from the device.
func (b *loadBalancer) EnsureLoadBalancerDeleted(_ context.Context, _ string, service *v1.Service) error {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	delete(b.given, serviceKey(service))
	link, err := netlink.LinkByName(b.device)
	if err != nil {
		return fmt.Errorf("device %s: %w", b.device, err)
	}
	present, err := netlink.AddrList(link, netlink.FAMILY_V4)
	if err != nil {
		return err
	}
	for _, ingress := range service.Status.LoadBalancer.Ingress {
		address, err := netip.ParseAddr(ingress.IP)
		if err != nil || !b.network.Contains(address) {
			continue
		}
		for _, found := range present {
			if found.IP.String() == ingress.IP {
				if err := netlink.AddrDel(link, &found); err != nil {
					return fmt.Errorf("removing %s from %s: %w", address, b.device, err)
				}
			}
		}
	}
	return nil
}

// choose returns the Service's present address, the one it asks for, or the first free one.
func (b *loadBalancer) choose(service *v1.Service) (netip.Addr, error) {
	if b.given == nil {
		b.given = map[string]netip.Addr{}
	}
	others, err := b.services.List(labels.Everything())
	if err != nil {
		return netip.Addr{}, err
	}
	taken := map[netip.Addr]string{}
	for _, other := range others {
		for _, ingress := range other.Status.LoadBalancer.Ingress {
			if address, err := netip.ParseAddr(ingress.IP); err == nil {
				taken[address] = serviceKey(other)
			}
		}
	}
	for key, address := range b.given {
		taken[address] = key
	}
	key := serviceKey(service)
	for _, wish := range wishes(service, b.given[key]) {
		if owner := taken[wish]; b.network.Contains(wish) && (owner == "" || owner == key) {
			return wish, nil
		}
	}
	if asked := service.Spec.LoadBalancerIP; asked != "" {
		return netip.Addr{}, fmt.Errorf("loadBalancerIP %s is taken or outside of %s", asked, b.network)
	}
	// The network's own address and the last one are left out, as some programs refuse them.
	for address := b.network.Masked().Addr().Next(); b.network.Contains(address.Next()); address = address.Next() {
		if taken[address] == "" {
			return address, nil
		}
	}
	return netip.Addr{}, fmt.Errorf("no free address in %s", b.network)
}

func wishes(service *v1.Service, given netip.Addr) []netip.Addr {
	var found []netip.Addr
	if asked, err := netip.ParseAddr(service.Spec.LoadBalancerIP); err == nil {
		return []netip.Addr{asked}
	}
	for _, ingress := range service.Status.LoadBalancer.Ingress {
		if address, err := netip.ParseAddr(ingress.IP); err == nil {
			found = append(found, address)
		}
	}
	if given.IsValid() && !slices.Contains(found, given) {
		found = append(found, given)
	}
	return found
}

func hostAddress(address netip.Addr) *netlink.Addr {
	return &netlink.Addr{IPNet: netlink.NewIPNet(address.AsSlice())}
}

// The rest of cloudprovider.Interface: this cloud has load balancers only.

func (b *loadBalancer) Initialize(cloudprovider.ControllerClientBuilder, <-chan struct{}) {}
func (b *loadBalancer) LoadBalancer() (cloudprovider.LoadBalancer, bool)                  { return b, true }
func (b *loadBalancer) Instances() (cloudprovider.Instances, bool)                        { return nil, false }
func (b *loadBalancer) InstancesV2() (cloudprovider.InstancesV2, bool)                    { return nil, false }
func (b *loadBalancer) Zones() (cloudprovider.Zones, bool)                                { return nil, false }
func (b *loadBalancer) Clusters() (cloudprovider.Clusters, bool)                          { return nil, false }
func (b *loadBalancer) Routes() (cloudprovider.Routes, bool)                              { return nil, false }
func (b *loadBalancer) ProviderName() string                                              { return "gostack" }
func (b *loadBalancer) HasClusterID() bool                                                { return true }
