{{- define "bellwether.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{ else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 40 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "bellwether.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .role }}
{{- end }}

{{- define "bellwether.labels" -}}
{{ include "bellwether.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end }}

{{- define "bellwether.image" -}}
{{- $image := .Values.image -}}
{{ $image.repository }}:{{ $image.tag | default .Chart.AppVersion }}{{ with $image.digest }}@{{ . }}{{ end }}
{{- end }}

{{- /* A variable from a Secret, where one is named: dict "name" VARIABLE "from" {name} "key" KEY */}}
{{- define "bellwether.secretEnv" -}}
{{- if .from.name }}
- name: {{ .name }}
  valueFrom: {secretKeyRef: {name: {{ .from.name }}, key: {{ .key }}}}
{{- end }}
{{- end }}

{{- /* What every process is told. What is secret comes by reference alone. */}}
{{- define "bellwether.env" -}}
{{- $v := .Values -}}
- name: POD_NAME
  valueFrom: {fieldRef: {fieldPath: metadata.name}}
- name: BELLWETHER_MACHINE
  valueFrom: {fieldRef: {fieldPath: spec.nodeName}}
- {name: BELLWETHER_RUN, value: {{ $v.run | quote }}}
- {name: BELLWETHER_STATE_DIR, value: /state}
- {name: BELLWETHER_KAFKA__BOOTSTRAP_SERVERS, value: {{ required "kafka.bootstrapServers is required: HOST:PORT,… of your Kafka" $v.kafka.bootstrapServers | quote }}}
- {name: BELLWETHER_KAFKA__SECURITY_PROTOCOL, value: {{ $v.kafka.securityProtocol | quote }}}
{{- if hasPrefix "SASL" $v.kafka.securityProtocol }}
- {name: BELLWETHER_KAFKA__SASL_MECHANISM, value: {{ $v.kafka.saslMechanism | quote }}}
- {name: BELLWETHER_KAFKA__SASL_USERNAME, value: {{ required "kafka.saslUsername is required with SASL" $v.kafka.saslUsername | quote }}}
{{- end }}
{{- include "bellwether.secretEnv" (dict "name" "BELLWETHER_KAFKA__SASL_PASSWORD" "from" $v.kafka.passwordSecret "key" $v.kafka.passwordSecret.key) }}
{{- if $v.kafka.caSecret.name }}
- {name: BELLWETHER_KAFKA__SSL_CAFILE, value: /secrets/kafka-ca/{{ $v.kafka.caSecret.key }}}
{{- end }}
{{- if $v.kafka.clientCertSecret.name }}
- {name: BELLWETHER_KAFKA__SSL_CERTFILE, value: /secrets/kafka-client/{{ $v.kafka.clientCertSecret.certKey }}}
- {name: BELLWETHER_KAFKA__SSL_KEYFILE, value: /secrets/kafka-client/{{ $v.kafka.clientCertSecret.keyKey }}}
{{- end }}
- {name: BELLWETHER_KAFKA__DOCUMENT_PARTITIONS, value: {{ $v.kafka.documentPartitions | quote }}}
- {name: BELLWETHER_KAFKA__OPINION_PARTITIONS, value: {{ $v.kafka.opinionPartitions | quote }}}
- {name: BELLWETHER_KAFKA__REPLICATION, value: {{ $v.kafka.replication | quote }}}
- {name: BELLWETHER_KAFKA__MIN_INSYNC_REPLICAS, value: {{ $v.kafka.minInsyncReplicas | quote }}}
- {name: BELLWETHER_REDIS__URL, value: {{ required "redis.url is required: redis:// or rediss://" $v.redis.url | quote }}}
- {name: BELLWETHER_REDIS__CLUSTER, value: {{ $v.redis.cluster | quote }}}
{{- include "bellwether.secretEnv" (dict "name" "BELLWETHER_REDIS__PASSWORD" "from" $v.redis.passwordSecret "key" $v.redis.passwordSecret.key) }}
{{- if $v.redis.caSecret.name }}
- {name: BELLWETHER_REDIS__SSL_CAFILE, value: /secrets/redis-ca/{{ $v.redis.caSecret.key }}}
{{- end }}
{{- if $v.archive.enabled }}
- {name: BELLWETHER_ARCHIVE__ADDRESS, value: {{ required "archive.address is required: s3://bucket/folder, which all pods reach (or archive.enabled=false)" $v.archive.address | quote }}}
{{- include "bellwether.secretEnv" (dict "name" "BELLWETHER_ARCHIVE__OPTIONS" "from" $v.archive.optionsSecret "key" $v.archive.optionsSecret.key) }}
{{- end }}
- {name: BELLWETHER_WORKER__METRICS_HOST, value: 0.0.0.0}
- {name: BELLWETHER_WORKER__METRICS_PORT, value: "9400"}
{{- range $name, $value := $v.settings }}
- {name: {{ $name }}, value: {{ $value | quote }}}
{{- end }}
{{- end }}

{{- define "bellwether.podSecurity" -}}
runAsNonRoot: true
runAsUser: {{ .Values.runAsUser }}
runAsGroup: {{ .Values.runAsUser }}
fsGroup: {{ .Values.runAsUser }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "bellwether.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{- define "bellwether.mounts" -}}
- {name: state, mountPath: /state}
- {name: tmp, mountPath: /tmp}
- {name: home, mountPath: /home/bellwether}
{{- if .Values.kafka.caSecret.name }}
- {name: kafka-ca, mountPath: /secrets/kafka-ca, readOnly: true}
{{- end }}
{{- if .Values.kafka.clientCertSecret.name }}
- {name: kafka-client, mountPath: /secrets/kafka-client, readOnly: true}
{{- end }}
{{- if .Values.redis.caSecret.name }}
- {name: redis-ca, mountPath: /secrets/redis-ca, readOnly: true}
{{- end }}
{{- end }}

{{- /* Without `state`: a StatefulSet claims that one. */}}
{{- define "bellwether.volumes" -}}
- {name: tmp, emptyDir: {}}
- {name: home, emptyDir: {}}
{{- with .Values.kafka.caSecret.name }}
- {name: kafka-ca, secret: {secretName: {{ . }}}}
{{- end }}
{{- with .Values.kafka.clientCertSecret.name }}
- {name: kafka-client, secret: {secretName: {{ . }}, defaultMode: 0440}}
{{- end }}
{{- with .Values.redis.caSecret.name }}
- {name: redis-ca, secret: {secretName: {{ . }}}}
{{- end }}
{{- end }}

{{- /* Started and ready: it reports to Redis. Alive: it answers by itself, so that a Redis that is away restarts nobody. */}}
{{- define "bellwether.workerProbes" -}}
startupProbe:
  exec: {command: [sh, -c, 'exec bellwether alive --role={{ . }} --name="$POD_NAME"']}
  periodSeconds: 10
  timeoutSeconds: 20
  failureThreshold: 60
readinessProbe:
  exec: {command: [sh, -c, 'exec bellwether alive --role={{ . }} --name="$POD_NAME"']}
  periodSeconds: 30
  timeoutSeconds: 20
livenessProbe:
  httpGet: {path: /metrics, port: metrics}
  periodSeconds: 30
  timeoutSeconds: 10
  failureThreshold: 4
{{- end }}

{{- /* What a pod of any role has around its containers: dict "root" $ "role" ROLE "values" VALUES */}}
{{- define "bellwether.podHead" -}}
serviceAccountName: {{ include "bellwether.name" .root }}
automountServiceAccountToken: false
enableServiceLinks: false
terminationGracePeriodSeconds: {{ .root.Values.terminationGracePeriodSeconds }}
{{- with .root.Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets: {{ range . }}
  - name: {{ . }}
{{- end }}
{{- end }}
securityContext: {{- include "bellwether.podSecurity" .root | nindent 2 }}
{{- $gpu := and (eq .role "scoring") .root.Values.scoring.gpu.enabled }}
{{- $selector := merge (dict) .values.nodeSelector (ternary .root.Values.scoring.gpu.nodeSelector (dict) $gpu) }}
{{- with $selector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- $tolerations := concat .values.tolerations (ternary .root.Values.scoring.gpu.tolerations (list) $gpu) }}
{{- with $tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels: {{- include "bellwether.selector" . | nindent 8 }}
{{- end }}

{{- define "bellwether.podMeta" -}}
labels:
  {{- include "bellwether.labels" . | nindent 2 }}
  {{- with .root.Values.podLabels }}{{ toYaml . | nindent 2 }}{{ end }}
{{- with .root.Values.podAnnotations }}
annotations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "bellwether.ports" }}
{{- range . }}
        - {protocol: TCP, port: {{ . }}}
{{- end }}
{{- end }}
