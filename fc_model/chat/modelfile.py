"""The Modelfile beside GGUF files, by which `ollama create` has the chat format: Ollama renders no Jinja.

https://docs.ollama.com/modelfile. The ids equal ours for conversations without tools whose text spells no special
token. Go's templates cannot escape that; their JSON writes `<`, `>` and `&` as \\u003c, \\u003e and \\u0026, orders the
fields of a schema anew, and leaves out those that Ollama does not know.
"""

from fc_model.special_tokens import END_OF_TURN

MODELFILE = "Modelfile"
"""Its name in the folder of the GGUF files."""

# Ollama puts BOS before it. A message of the assistant that stands last is continued, so its turn does not end.
_TEMPLATE = """\
{{- if or .System .Tools -}}
<sys>{{ .System }}
{{- if .Tools -}}
<json>[
{{- range $number, $tool := .Tools -}}
{{- if $number -}},{{- end -}}
{"name":{{ json $tool.Function.Name }}
{{- with $tool.Function.Description -}},"description":{{ json . }}{{- end -}}
,"parameters":{{ json $tool.Function.Parameters }}}
{{- end -}}
]</json>
{{- end -}}
</sys>
{{- end -}}
{{- range $number, $message := .Messages -}}
{{- $last := eq (len (slice $.Messages $number)) 1 -}}
{{- if eq .Role "user" -}}
<user>{{ .Content }}<im_end>
{{- else if eq .Role "tool" -}}
<result>{{ .Content }}<im_end>
{{- else if eq .Role "assistant" -}}
<assistant>
{{- if .Thinking -}}
<reasoning>{{ .Thinking }}</reasoning>
{{- end -}}
{{ .Content }}
{{- range .ToolCalls -}}
<tool>{"name":{{ json .Function.Name }},"arguments":{{ .Function.Arguments }}}</tool>
{{- end -}}
{{- if not $last -}}<im_end>{{- end -}}
{{- end -}}
{{- if and $last (ne .Role "assistant") -}}<assistant>{{- end -}}
{{- end -}}"""


def modelfile(gguf_name: str) -> str:
    """The text of a Modelfile for a GGUF file in the same folder."""
    return f'FROM ./{gguf_name}\nTEMPLATE """{_TEMPLATE}"""\nPARAMETER stop "{END_OF_TURN}"\n'
