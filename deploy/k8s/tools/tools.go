//go:build tools

// Package tools pins the modules whose custom resources the manifests use; scripts/fetch_crds.py reads them.
package tools

import (
	_ "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	_ "sigs.k8s.io/gateway-api/apis/v1"
)
