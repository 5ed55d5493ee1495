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

{{- /* In seconds. The kubelet kills a pod after it, so it must be longer than the shutdown. */}}
{{- define "exporter.gracePeriod" -}}
{{- $units := dict "d" 86400000000000 "h" 3600000000000 "m" 60000000000 "s" 1000000000 "ms" 1000000 "us" 1000 "ns" 1 }}
{{- $shutdown := 0 }}
{{- range regexFindAll "[0-9]+[a-z]+" (.Values.configuration.shutdown_timeout | default "10s" | toString) -1 }}
{{- $unit := regexFind "[a-z]+" . }}
{{- /* int64 would read 010 as octal. */}}
{{- $count := regexReplaceAll "^0+" (regexFind "[0-9]+" .) "" | int64 }}
{{- $shutdown = add $shutdown (mul $count (get $units $unit | default 0)) }}
{{- end }}
{{- max 30 (add 20 (div (add $shutdown 999999999) 1000000000)) }}
{{- end }}
