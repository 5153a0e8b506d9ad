{{- define "generel.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 53 | trimSuffix "-" }}{{ else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 53 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "generel.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "generel.labels" -}}
{{ include "generel.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "generel.account" -}}
{{- if .Values.serviceAccount.create }}{{ .Values.serviceAccount.name | default (include "generel.name" .) }}{{ else }}{{ .Values.serviceAccount.name | default "default" }}{{ end }}
{{- end }}

{{- define "generel.image" -}}
{{- $tag := .Values.image.tag | default .Chart.AppVersion -}}
{{- if hasPrefix "sha256:" $tag }}{{ .Values.image.repository }}@{{ $tag }}{{ else }}{{ .Values.image.repository }}:{{ $tag }}{{ end }}
{{- end }}

{{- /* What every container may: nothing, on a root file system that it cannot write. */ -}}
{{- define "generel.security" -}}
allowPrivilegeEscalation: false
capabilities: {drop: ["ALL"]}
readOnlyRootFilesystem: true
{{- end }}

{{- define "generel.mounts" -}}
- {name: spaces, mountPath: /data/spaces}
- {name: tmp, mountPath: /tmp}
{{- end }}

{{- /* The variables that name Qdrant, with the key of the secret that is asked for. */ -}}
{{- define "generel.qdrant" -}}
- {name: GENEREL_QDRANT_URL, value: {{ .Values.qdrant.url | quote }}}
{{- with .Values.qdrant.existingSecret }}
- name: GENEREL_QDRANT_API_KEY
  valueFrom:
    secretKeyRef: {name: {{ . }}, key: {{ $.key }}}
{{- end }}
{{- end }}
