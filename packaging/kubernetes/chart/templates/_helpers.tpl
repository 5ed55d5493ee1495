{{- define "exporter.labels" -}}
app.kubernetes.io/name: scidex-pg-exporter
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}

{{- /* A release name has at most 53 characters, so it is never cut, and two releases have different names. */}}
{{- define "exporter.name" -}}
{{- if not (regexMatch "^[a-z][-a-z0-9]*$" .Release.Name) }}
{{- fail "the release name must begin with a letter and must not contain a dot, because a Service is named after it" }}
{{- end }}
{{- printf "%s-scidex-pg-exporter" .Release.Name | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "exporter.scheme" -}}
{{ ternary "HTTPS" "HTTP" (ne .Values.web.tlsSecretName "") }}
{{- end }}

{{- define "exporter.image" -}}
{{- with .Values.image -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end -}}
{{- end }}
