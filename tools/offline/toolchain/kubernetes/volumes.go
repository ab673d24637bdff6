package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v13/controller"
)

// provisioner makes a folder for every claim. A volume belongs to the zone of the node that was chosen for its first
// pod, as a cloud's block storage does, and honours fsGroup. The claim's size is not enforced.
type provisioner struct {
	client kubernetes.Interface
	folder string
}

// Provision makes the folder and the volume that stands for it.
func (p *provisioner) Provision(ctx context.Context, options controller.ProvisionOptions) (*v1.PersistentVolume, controller.ProvisioningState, error) {
	zone, err := p.zone(ctx, options.SelectedNodeName)
	if err != nil {
		return nil, controller.ProvisioningFinished, err
	}
	for _, mode := range options.PVC.Spec.AccessModes {
		if mode == v1.ReadWriteMany {
			return nil, controller.ProvisioningFinished, fmt.Errorf("access mode %s is not supported, as on a cloud's block storage", mode)
		}
	}
	path := filepath.Join(p.folder, options.PVName)
	if err := os.MkdirAll(path, 0o755); err != nil {
		return nil, controller.ProvisioningFinished, err
	}
	inZone := v1.NodeSelectorRequirement{Key: v1.LabelTopologyZone, Operator: v1.NodeSelectorOpIn, Values: []string{zone}}
	return &v1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: options.PVName},
		Spec: v1.PersistentVolumeSpec{
			PersistentVolumeReclaimPolicy: *options.StorageClass.ReclaimPolicy,
			AccessModes:                   options.PVC.Spec.AccessModes,
			Capacity:                      v1.ResourceList{v1.ResourceStorage: options.PVC.Spec.Resources.Requests[v1.ResourceStorage]},
			PersistentVolumeSource:        v1.PersistentVolumeSource{Local: &v1.LocalVolumeSource{Path: path}},
			NodeAffinity: &v1.VolumeNodeAffinity{Required: &v1.NodeSelector{
				NodeSelectorTerms: []v1.NodeSelectorTerm{{MatchExpressions: []v1.NodeSelectorRequirement{inZone}}},
			}},
		},
	}, controller.ProvisioningFinished, nil
}

// Delete removes the folder, with all that is in it.
func (p *provisioner) Delete(_ context.Context, volume *v1.PersistentVolume) error {
	if volume.Spec.Local == nil || filepath.Dir(volume.Spec.Local.Path) != filepath.Clean(p.folder) {
		return fmt.Errorf("volume %s is not one of %s", volume.Name, p.folder)
	}
	return os.RemoveAll(volume.Spec.Local.Path)
}

func (p *provisioner) zone(ctx context.Context, node string) (string, error) {
	if node == "" {
		return "", fmt.Errorf("no node is chosen yet: the storage class needs volumeBindingMode WaitForFirstConsumer")
	}
	found, err := p.client.CoreV1().Nodes().Get(ctx, node, metav1.GetOptions{})
	if err != nil {
		return "", err
	}
	zone := found.Labels[v1.LabelTopologyZone]
	if zone == "" {
		return "", fmt.Errorf("node %s has no label %s", node, v1.LabelTopologyZone)
	}
	return zone, nil
}
