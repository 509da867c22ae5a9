{{/* Where workers find the relay; of several, all: then pods are called themselves, on their own port. */}}
{{- define "connect.relayAddress" -}}
{{- if gt (int .Values.relay.replicas) 1 -}}
{{ include "connect.fullname" . }}-relays:8443
{{- else -}}
{{ include "connect.fullname" . }}-relay:{{ .Values.relay.service.port }}
{{- end -}}
{{- end -}}

{{/*
By which names ConnectJobs call this release's relays: services with their namespace, which is the operator's own where it
serves no other, whatever it is applied to; and those that the values add.
*/}}
{{- define "connect.relayNames" -}}
{{- $names := list -}}
{{- $namespace := ternary .Release.Namespace "$(CONNECT_NAMESPACE)" .Values.watchAllNamespaces -}}
{{- $replicas := int .Values.relay.replicas -}}
{{- range ternary (list "relay" "relays") (list "relay") (gt $replicas 1) -}}
{{- $names = append $names (printf "%s-%s.%s" (include "connect.fullname" $) . $namespace) -}}
{{- end -}}
{{- range $ordinal := ternary (until $replicas) (list) (gt $replicas 1) -}}
{{- $names = append $names (printf "%s-relay-%d.%s" (include "connect.fullname" $) $ordinal $namespace) -}}
{{- end -}}
{{- join "," (concat $names .Values.relay.names) -}}
{{- end -}}

{{/* A relay's pod. */}}
{{- define "connect.relayPod" -}}
{{- $part := merge (dict "component" "relay") . -}}
{{- $relay := .Values.relay -}}
metadata:
  {{- include "connect.podMetadata" $part | nindent 2 }}
spec:
  automountServiceAccountToken: false
  # A service named connect-relay would put CONNECT_RELAY_… variables here.
  enableServiceLinks: false
  # What is open may go on for that long, and what is broken off then is still told so.
  terminationGracePeriodSeconds: {{ add $relay.drainSeconds 10 }}
  securityContext:
    {{- include "connect.podSecurity" . | nindent 4 }}
  containers:
    - name: relay
      image: {{ include "connect.image" $part | quote }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      args: [serve]
      env:
        - name: CONNECT_RELAY_TLS
          value: /run/secrets/connect-relay
        {{- if $relay.crlSecret }}
        - name: CONNECT_RELAY_CRL
          value: /run/secrets/connect-relay-crl/crl.pem
        {{- end }}
        {{- if $relay.ssh.enabled }}
        - name: CONNECT_RELAY_SSH
          value: /run/secrets/connect-relay-ssh
        {{- end }}
        - name: CONNECT_RELAY_CONNECTIONS
          value: {{ int64 $relay.limits.connections | quote }}
        - name: CONNECT_RELAY_CONNECTIONS_PER_REALM
          value: {{ int64 $relay.limits.connectionsPerRealm | quote }}
        - name: CONNECT_RELAY_DIALS
          value: {{ int64 $relay.limits.dials | quote }}
        - name: CONNECT_RELAY_DIALS_PER_REALM
          value: {{ int64 $relay.limits.dialsPerRealm | quote }}
        - name: CONNECT_RELAY_BYTES_PER_SECOND
          value: {{ int64 $relay.limits.bytesPerSecond | quote }}
        - name: CONNECT_RELAY_BYTES_PER_SECOND_PER_REALM
          value: {{ int64 $relay.limits.bytesPerSecondPerRealm | quote }}
        - name: CONNECT_RELAY_DRAIN_SECONDS
          value: {{ int64 $relay.drainSeconds | quote }}
        - name: CONNECT_LOG_LEVEL
          value: {{ $relay.logLevel }}
      ports:
        - name: relay
          containerPort: 8443
        - name: admin
          containerPort: 8080
        {{- if $relay.ssh.enabled }}
        - name: ssh
          containerPort: 2222
        {{- end }}
      startupProbe:
        httpGet: {path: /healthz, port: admin}
        periodSeconds: 2
        timeoutSeconds: 5
        failureThreshold: 30
      livenessProbe:
        httpGet: {path: /healthz, port: admin}
        periodSeconds: 20
        timeoutSeconds: 5
        failureThreshold: 3
      readinessProbe:
        httpGet: {path: /readyz, port: admin}
        periodSeconds: 5
        timeoutSeconds: 5
        failureThreshold: 2
      resources:
        {{- toYaml $relay.resources | nindent 8 }}
      securityContext:
        {{- include "connect.containerSecurity" . | nindent 8 }}
      volumeMounts:
        - name: tls
          mountPath: /run/secrets/connect-relay
          readOnly: true
        {{- if $relay.crlSecret }}
        - name: crl
          mountPath: /run/secrets/connect-relay-crl
          readOnly: true
        {{- end }}
        {{- if $relay.ssh.enabled }}
        - name: ssh
          mountPath: /run/secrets/connect-relay-ssh
          readOnly: true
        {{- end }}
        - name: tmp
          mountPath: /tmp
  volumes:
    - name: tls
      secret:
        secretName: {{ $relay.tlsSecret }}
        # fsGroup makes it readable for the relay.
        defaultMode: 0400
    {{- if $relay.crlSecret }}
    - name: crl
      secret:
        secretName: {{ $relay.crlSecret }}
        defaultMode: 0400
    {{- end }}
    {{- if $relay.ssh.enabled }}
    - name: ssh
      secret:
        secretName: {{ $relay.ssh.secret }}
        defaultMode: 0400
    {{- end }}
    - name: tmp
      emptyDir:
        sizeLimit: 64Mi
  {{- if gt (int $relay.replicas) 1 }}
  topologySpreadConstraints:
    - maxSkew: 1
      topologyKey: kubernetes.io/hostname
      # Two on one node are better than one.
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "connect.selector" $part | nindent 10 }}
  {{- end }}
  {{- include "connect.scheduling" $part | nindent 2 }}
{{- end -}}

{{/* The ports of a service by which relays are called from outside; `nodePort` and `sshNodePort` may be empty. */}}
{{- define "connect.relayPorts" -}}
- name: relay
  port: {{ .Values.relay.service.port }}
  targetPort: relay
  {{- with .nodePort }}
  nodePort: {{ . }}
  {{- end }}
{{- if .Values.relay.ssh.enabled }}
- name: ssh
  port: {{ .Values.relay.ssh.port }}
  targetPort: ssh
  {{- with .sshNodePort }}
  nodePort: {{ . }}
  {{- end }}
{{- end }}
{{- end -}}
