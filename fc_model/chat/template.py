r"""The chat template: what encoding.py encodes, in Jinja, for transformers, llama.cpp, vLLM and others.

Variables and blocks are those of transformers (https://huggingface.co/docs/transformers/chat_templating): messages in
OpenAI's format, `tools`, `add_generation_prompt`, `bos_token`, and `generation` around what is trained.

Runtimes parse the names of special tokens in what is rendered, so texts are escaped as escaping.py does. Ids equal
those of `encode_conversation` where results stand in the order of the calls, and where `arguments` are an object or
compact JSON text (other JSON text is rendered as it is).
"""

from fc_model.special_tokens import SPECIAL_TOKENS

_NAMES = "[" + ", ".join(f"'{token[1:]}'" for token in SPECIAL_TOKENS) + "]"

CHAT_TEMPLATE = r"""
{%- macro escaped(value, mark) -%}
  {%- set state = namespace(text=value) -%}
  {%- for name in NAMES -%}
    {%- set state.text = state.text | replace('<' ~ name, mark ~ name) -%}
  {%- endfor -%}
  {{- state.text -}}
{%- endmacro -%}
{%- macro text(value) -%}
  {{- escaped(value or '', '<\\') -}}
{%- endmacro -%}
{%- macro json(value) -%}
  {{- escaped(value if value is string else value | tojson(separators=(',', ':')), '\\u003c') -}}
{%- endmacro -%}
{%- set system = messages[0].content if messages[0].role == 'system' else '' -%}
{{- bos_token -}}
{%- if system or tools -%}
  {{- '<sys>' ~ text(system) -}}
  {%- if tools -%}
    {{- '<json>[' -}}
    {%- for tool in tools -%}
      {{- '{"name":' ~ json(tool.function.name | tojson) -}}
      {%- if tool.function.description -%}
        {{- ',"description":' ~ json(tool.function.description | tojson) -}}
      {%- endif -%}
      {%- if tool.function.parameters -%}
        {{- ',"parameters":' ~ json(tool.function.parameters) -}}
      {%- endif -%}
      {{- '}' if loop.last else '},' -}}
    {%- endfor -%}
    {{- ']</json>' -}}
  {%- endif -%}
  {{- '</sys>' -}}
{%- endif -%}
{%- for message in messages -%}
  {%- if message.role == 'user' -%}
    {{- '<user>' ~ text(message.content) ~ '<im_end>' -}}
  {%- elif message.role == 'tool' -%}
    {{- '<result>' ~ text(message.content) ~ '<im_end>' -}}
  {%- elif message.role == 'assistant' -%}
    {{- '<assistant>' -}}
    {%- generation -%}
    {%- if message.reasoning_content -%}
      {{- '<reasoning>' ~ text(message.reasoning_content) ~ '</reasoning>' -}}
    {%- endif -%}
    {{- text(message.content) -}}
    {%- for call in message.tool_calls or [] -%}
      {{- '<tool>{"name":' ~ json(call.function.name | tojson) -}}
      {{- ',"arguments":' ~ json(call.function.arguments) ~ '}</tool>' -}}
    {%- endfor -%}
    {{- '<im_end>' -}}
    {%- endgeneration -%}
  {%- elif message.role != 'system' or not loop.first -%}
    {{- raise_exception('system comes first; the other roles are user, assistant and tool, not ' ~ message.role) -}}
  {%- endif -%}
{%- endfor -%}
{{- '<assistant>' if add_generation_prompt else '' -}}
""".strip().replace("NAMES", _NAMES)
