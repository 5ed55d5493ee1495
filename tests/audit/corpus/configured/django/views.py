from django.db import connections, transaction

from models import Page


def f(pk):
    Page.objects.using("replica").filter(pk=pk).first()
    Page.objects.using("replica").filter(pk=pk).update(views=1)  # => UPDATE
    Page.objects.filter(pk=pk).update(views=1)
    Page.objects.using("default").filter(pk=pk).delete()
    Page.objects.db_manager("replica").create(pk=1)  # => INSERT
    Page(pk=1).save(using="replica")  # => UPDATE
    Page(pk=1).save(using="default")
    list(Page.objects.using("replica").select_for_update())  # => SELECT FOR UPDATE
    locked = Page.objects.using("replica").select_for_update()  # => SELECT FOR UPDATE
    locked.update(views=1)  # => UPDATE
    with connections["replica"].cursor() as cur:
        cur.execute("DELETE FROM page")  # => DELETE
    with connections["default"].cursor() as cur:
        cur.execute("DELETE FROM page")
    page = Page.objects.using("replica").get(pk=pk)
    page.save()  # => UPDATE?
    page.save(using="default")
    page.save(using="replica")  # => UPDATE
    page.save(using="replica" if pk else "default")  # => UPDATE?
    page.save(using=choose(pk))  # => UPDATE?
    one_or_all = Page.objects.using("replica").get(pk=pk) if pk else Page.objects.using("replica").all()
    one_or_all.delete()  # => DELETE?
    pages_or_connection = Page.objects.using("replica") if pk else connections["replica"]
    pages_or_connection.update(views=1)  # => UPDATE?
    for page in Page.objects.using("replica").all():
        print(page)
