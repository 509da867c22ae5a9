{{/* The name that all objects begin with. */}}
{{- define "connect.fullname" -}}
{{- default .Release.Name .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{/* What selects a part's pods; never to be changed, since a Deployment's selector cannot be. */}}
{{- define "connect.selector" -}}
app.kubernetes.io/name: connect
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "connect.labels" -}}
{{ include "connect.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "connect.serviceAccount" -}}
{{- default (printf "%s-operator" (include "connect.fullname" .)) .Values.serviceAccount.name -}}
{{- end -}}

{{/* The name of a right for the whole cluster, where two releases may meet. */}}
{{- define "connect.clusterName" -}}
{{- printf "%s-%s" .Release.Namespace (include "connect.fullname" .) -}}
{{- end -}}

{{/* A part's image: the digest stands above the tag. */}}
{{- define "connect.image" -}}
{{- $own := (index .Values .component).image -}}
{{- $name := ternary $own.repository (printf "%s/%s" (trimSuffix "/" .Values.image.registry) $own.repository) (empty .Values.image.registry) -}}
{{- if $own.digest -}}
{{- printf "%s@%s" $name $own.digest -}}
{{- else -}}
{{- printf "%s:%s" $name (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}
