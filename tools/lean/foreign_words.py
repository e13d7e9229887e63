"""The commonest words of German and Spanish for what tools do, so that a query in them finds something.

The search speaks English: what it finds through these words is marked as a weak match.
"""

from __future__ import annotations

from functools import cache

from .words import words_of

__all__ = ["in_english"]

_IN_ENGLISH = {
    "rechnung rechnungen beleg belege factura facturas recibo": "invoice document",
    "dokument dokumente documento documentos": "document",
    "datei dateien archivo archivos": "file",
    "feld felder campo campos": "field",
    "tabelle tabellen tabla tablas": "table",
    "zelle celda": "cell",
    "modell modelle modelo modelos": "model",
    "projekte proyecto proyectos": "project",
    "kategorie kategorien klasse klassen clase clases categoria": "class",
    "etikett etiqueta etiquetas": "label tag",
    "benutzer nutzer kollege kollegin kollegen usuario usuarios": "user",
    "passwort kennwort contraseña": "password",
    "freigeben genehmigen freigabe aprobar autorizar": "approve",
    "löschen entfernen eliminar borrar": "delete",
    "ändern korrigieren berichtigen bearbeiten cambiar corregir modificar actualizar": "update",
    "umbenennen renombrar": "rename update",
    "hochladen subir cargar": "upload",
    "herunterladen exportieren descargar exportar": "download",
    "zeigen zeige anzeigen ansehen lesen mostrar ver leer": "get",
    "auflisten suchen listar buscar": "list",
    "hinzufügen anlegen erstellen anadir agregar crear": "add create",
    "prüfen bestätigen verificar confirmar": "verify",
    "überprüfen revisar": "review",
    "zuweisen asignar": "assign",
    "rückgängig deshacer": "undo",
    "warten esperar": "wait",
    "einladen invitar": "invite",
    "trainieren entrenar": "train",
    "verschieben mover": "transfer",
    "kopieren copiar": "clone",
}
"""Words of German and Spanish that English does not have → the words that tools have for it."""


@cache
def in_english() -> dict[str, tuple[str, ...]]:
    """The words of tools for a foreign word, both in the form in which words are compared."""
    return {
        word: tuple(words_of(english))
        for foreign, english in _IN_ENGLISH.items()
        for word in words_of(foreign)
    }
