{{- define "exporter.labels" -}}
app.kubernetes.io/name: scidex-pg-exporter
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "exporter.name" -}}
{{ printf "%s-scidex-pg-exporter" .Release.Name | trunc 50 | trimSuffix "-" }}
{{- end }}

{{- define "exporter.scheme" -}}
{{ ternary "HTTPS" "HTTP" (ne .Values.web.tlsSecretName "") }}
{{- end }}

{{- define "exporter.image" -}}
{{- with .Values.image -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end -}}
{{- end }}
