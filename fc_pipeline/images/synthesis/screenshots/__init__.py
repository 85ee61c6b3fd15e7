"""Screens of programs that do not exist: windows, dialogs, menus, settings, web pages, terminals.

One module a kind; `canvas.py` draws in points and scales, `theme.py` has the colours, `widgets.py` what they share.
"""
